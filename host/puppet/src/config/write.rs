//! `puppet.toml` changed key by key; the operator's comments and order stay. What is written is read back before it takes
//! the place of the old file.

use std::path::Path;

use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use super::load;
use crate::{
    files,
    trouble::{Result, Trouble},
};

/// Puts these values in; null takes a key out, so that its default holds. Held over reading and writing: the folder's lock.
///
/// # Errors
/// A value that cannot stand in the file, or that its key does not take; the file cannot be read or written. Then nothing is
/// changed.
pub fn change(path: &Path, changes: &Map<String, Value>) -> Result<()> {
    let failed = |doing: &str, error: std::io::Error| {
        Trouble::unreachable("config-file", format!("cannot be {doing}: {error}"), "check the file").in_file(path)
    };
    let _held = files::Changing::begin(path).map_err(|error| failed("locked", error))?;
    let text = match files::text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed("read", error)),
    };
    load::check(path, &text)?;
    let mut document: DocumentMut = text.parse().map_err(Trouble::internal)?;
    for (key, to) in changes {
        put(document.as_table_mut(), key, to)?;
    }
    let text = document.to_string();
    load::check(path, &text)?;
    // A link stays one: what it leads to is replaced.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    files::replace(&path, text.as_bytes(), None).map_err(|error| failed("written", error))
}

fn put(root: &mut dyn TableLike, key: &str, to: &Value) -> Result<()> {
    let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut table = root;
    for section in sections.split('.').filter(|section| !section.is_empty()) {
        let is_new = !table.contains_key(section);
        if is_new && to.is_null() {
            return Ok(());
        }
        let of_section = || {
            let mut of_section = Table::new();
            of_section.set_implicit(true);
            Item::Table(of_section)
        };
        table = table.entry(section).or_insert_with(of_section).as_table_like_mut().ok_or_else(|| wrong(key))?;
    }
    let Some(to) = item(key, to)? else {
        table.remove(name);
        return Ok(());
    };
    // What is said of the old value stays beside it.
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = to;
            *old.decor_mut() = decor;
        }
        None => drop(table.insert(name, Item::Value(to))),
    }
    Ok(())
}

fn wrong(key: &str) -> Trouble {
    let remedy = "give a text, a whole number, true or false, or a list of texts; null for the default";
    Trouble::input("bad-value", format!("`{key}` cannot hold this"), remedy).of_field(key)
}

fn item(key: &str, to: &Value) -> Result<Option<toml_edit::Value>> {
    let wrong = || wrong(key);
    Ok(Some(match to {
        Value::Null => return Ok(None),
        Value::Bool(to) => (*to).into(),
        Value::Number(to) => to.as_i64().ok_or_else(wrong)?.into(),
        Value::String(to) => to.as_str().into(),
        Value::Array(all) => {
            let all: Option<Array> = all.iter().map(Value::as_str).collect();
            value(all.ok_or_else(wrong)?).into_value().map_err(|_| wrong())?
        }
        Value::Object(_) => return Err(wrong()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(before: &str, changes: Value) -> std::result::Result<String, Trouble> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("puppet.toml");
        if !before.is_empty() {
            std::fs::write(&path, before).unwrap();
        }
        let done = change(&path, changes.as_object().unwrap());
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        match done {
            Ok(()) => Ok(text),
            Err(trouble) => {
                assert_eq!(text, before, "nothing is changed");
                Err(trouble)
            }
        }
    }

    #[test]
    fn comments_stay_and_new_sections_come() {
        let before = "# Mine.\n[swap]\nshadow = 20 # as tried\n";
        let text = after(before, json!({ "swap.shadow": 30, "tweet.policy.moderation": null })).unwrap();
        assert_eq!(text, "# Mine.\n[swap]\nshadow = 30 # as tried\n");
        let text = after("", json!({ "swap.shadow": 30 })).unwrap();
        assert_eq!(text, "[swap]\nshadow = 30\n");
        assert_eq!(after(&text, json!({ "swap.shadow": null })).unwrap(), "[swap]\n");
    }

    #[test]
    fn what_a_key_does_not_take_changes_nothing() {
        for bad in [json!("x"), json!(0.5), json!({}), json!([1]), json!(-1)] {
            let trouble = after("[swap]\nshadow = 20\n", json!({ "swap.shadow": bad })).unwrap_err();
            assert!(["bad-value", "wrong-type", "out-of-range"].contains(&trouble.code), "{trouble}");
        }
        assert_eq!(after("", json!({ "swap.shadows": 1 })).unwrap_err().code, "unknown-key");
    }
}
