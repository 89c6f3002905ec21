//! The collections of the original's database, as `mongodump` (BSON, also packed) and `mongoexport` (extended JSON: one
//! document after the other, or a list) leave them.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    Problem, dump, extended,
    fates::Holds,
    file::{self, COLLECTION_BYTES, without_place},
    value::expected,
};

/// Most documents of one.
const MAX_DOCUMENTS: usize = 200_000;

/// By name, in the order in which they are read.
pub(crate) const COLLECTIONS: [(&str, Holds); 4] = [
    ("agent-memories", Holds::Memory),
    ("agent-tweets", Holds::Tweets),
    ("agent-events", Holds::Events),
    ("agent-tokens", Holds::Tokens),
];

const ENDINGS: [&str; 4] = ["bson", "json", "jsonl", "ndjson"];

/// A document, and where it stands: `[3]`.
pub(crate) struct Document {
    pub(crate) place: String,
    pub(crate) value: Value,
}

/// Which collection a file is, whether it is BSON, and whether it is packed.
pub(crate) fn of(path: &Path) -> Option<(Holds, bool, bool)> {
    let name = path.file_name()?.to_str()?;
    let (name, packed) = name.strip_suffix(".gz").map_or((name, false), |name| (name, true));
    let (name, ending) = name.rsplit_once('.')?;
    let (_, holds) = COLLECTIONS.iter().find(|(collection, _)| *collection == name)?;
    ENDINGS.contains(&ending).then_some((*holds, ending == "bson", packed))
}

/// Where the dump lies: the folder that is named (or its `puppet-engine`), else the first of the usual ones that holds a
/// collection.
pub(crate) fn folder(deployment: &Path, named: Option<&Path>) -> io::Result<Option<PathBuf>> {
    let candidates = match named {
        Some(named) => vec![named.join("puppet-engine"), named.to_owned()],
        None => ["dump/puppet-engine", "dump", "puppet-engine"].map(|name| deployment.join(name)).to_vec(),
    };
    for folder in candidates.into_iter().filter(|folder| folder.is_dir()) {
        if file::entries(&folder)?.iter().any(|path| of(path).is_some()) {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// Every document of a file.
pub(crate) fn read(path: &Path, name: &str, (is_bson, packed): (bool, bool)) -> Result<Vec<Document>, Problem> {
    let bytes = if packed { file::unpacked(path, COLLECTION_BYTES) } else { file::bytes(path, COLLECTION_BYTES) };
    let bytes = bytes.map_err(|error| file::unread(name, &error))?;
    let values = if is_bson {
        let damaged = |how| Problem::new("bad-bson", name, format!("is damaged: {how}"), "dump the collection again");
        let values = dump::documents(&bytes, MAX_DOCUMENTS).map_err(damaged)?;
        file::room(name, &values)?;
        values
    } else {
        exported(name, &bytes)?
    };
    let documents = values.into_iter().enumerate();
    Ok(documents.map(|(n, value)| Document { place: format!("[{n}]"), value }).collect())
}

fn exported(name: &str, bytes: &[u8]) -> Result<Vec<Value>, Problem> {
    let remedy = "export the collection again with mongoexport";
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let syntax = |error: serde_json::Error| {
        let message = format!("is not JSON: {}", without_place(&error));
        Problem::new("syntax", name, message, remedy).on_line(error.line())
    };
    let is_list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let values: Vec<Value> = if is_list {
        serde_json::from_slice(bytes).map_err(syntax)?
    } else {
        serde_json::Deserializer::from_slice(bytes).into_iter().collect::<Result<_, _>>().map_err(syntax)?
    };
    if values.len() > MAX_DOCUMENTS {
        return Err(Problem::new("too-large", name, format!("it holds more than {MAX_DOCUMENTS} documents"), remedy));
    }
    file::room(name, &values)?;
    let mut out = Vec::with_capacity(values.len());
    for (n, value) in values.into_iter().enumerate() {
        let place = format!("[{n}]");
        if !value.is_object() {
            let message = expected("a document: an object", &value);
            return Err(Problem::new("wrong-type", name, message, remedy).at(&place));
        }
        out.push(extended::plain(&place, value).map_err(|field| {
            let message = "expected a value of MongoDB's extended JSON";
            Problem::new("bad-value", name, message, remedy).at(&field)
        })?);
    }
    Ok(out)
}
