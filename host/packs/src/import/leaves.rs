//! Leaf paths of a JSON value: `a.b[0].c`. An empty list or object is one leaf.

use serde_json::{Map, Value};

use crate::document::below;

/// Most bytes of the name of a field.
const NAME_BYTES: usize = 256;
/// Most leaves of a file.
const LEAVES: usize = 4_000_000;
/// Most bytes of the paths of all of them: a report names each with all that it stands in.
const PATH_BYTES: usize = 256 << 20;

/// What may still be named of a file. It is counted before any path is made, which may be far larger than the file.
#[derive(Debug, Clone)]
pub struct Room {
    leaves: usize,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { leaves: LEAVES, bytes: PATH_BYTES }
    }
}

impl Room {
    /// Takes the room of a value of the file; what there is too much of, in words.
    pub fn take(&mut self, value: &Value) -> Result<(), String> {
        self.below(0, value)
    }

    fn below(&mut self, path: usize, value: &Value) -> Result<(), String> {
        match value {
            Value::Object(map) if !map.is_empty() => map.iter().try_for_each(|(key, value)| {
                if key.len() > NAME_BYTES {
                    return Err(format!("the name of a field has {} bytes: at most {NAME_BYTES}", key.len()));
                }
                self.below(path + key.len() + 1, value)
            }),
            Value::Array(list) if !list.is_empty() => list.iter().enumerate().try_for_each(|(n, value)| {
                let digits = n.checked_ilog10().unwrap_or_default() as usize + 1;
                self.below(path + digits + 2, value)
            }),
            _ => {
                let left = self.leaves.checked_sub(1).zip(self.bytes.checked_sub(path));
                let Some((leaves, bytes)) = left else {
                    let most = PATH_BYTES >> 20;
                    return Err(format!("it has more than {LEAVES} fields, or their paths more than {most} MiB"));
                };
                (self.leaves, self.bytes) = (leaves, bytes);
                Ok(())
            }
        }
    }
}

/// Every leaf path below a path, in the order of the value.
pub fn leaves(path: &str, value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    collect(path, value, &mut out);
    out
}

fn collect(path: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| collect(&below(path, key), value, out))
        }
        Value::Array(list) if !list.is_empty() => {
            list.iter().enumerate().for_each(|(n, value)| collect(&format!("{path}[{n}]"), value, out));
        }
        _ => out.push(path.to_owned()),
    }
}

/// Whether there is nothing in it.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => Map::is_empty(map),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn room_is_that_of_the_paths_and_not_of_the_file() {
        let value = json!({"a": [1, {"b": [], "c": null}], "d": {}});
        let paths = leaves("", &value);
        let bytes: usize = paths.iter().map(String::len).sum();
        // One more for each path: it is counted as if something stood before it.
        let room = |leaves, bytes| Room { leaves, bytes }.take(&value).is_ok();
        assert!(room(paths.len(), bytes + paths.len()), "{paths:?}");
        assert!(!room(paths.len() - 1, bytes + paths.len()) && !room(paths.len(), bytes + paths.len() - 1));
        let mut twice = Room { leaves: 2 * paths.len() - 1, bytes: 1_000 };
        assert!(twice.take(&value).is_ok() && twice.take(&value).is_err(), "of the whole file");
        for (bytes, fits) in [(NAME_BYTES, true), (NAME_BYTES + 1, false)] {
            assert_eq!(Room::default().take(&json!({"k".repeat(bytes): 1})).is_ok(), fits);
        }
        let deep = (0..100).fold(Value::from(vec![0; 100_000]), |inner, _| json!({"k".repeat(NAME_BYTES): inner}));
        assert!(Room::default().take(&deep).unwrap_err().contains("256 MiB"));
    }
}
