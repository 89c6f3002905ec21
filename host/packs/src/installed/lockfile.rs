//! `puppet.lock`: the installed versions, in a form that people read. Written by puppet alone, whole, in one rename;
//! one that does not read back is never written over.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use puppet_types::{Digest, PackId, Timestamp};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Entry, InstallError, Source, State};
use crate::manifest::is_id;

const HEADER: &str = "# Which packs are installed here, and how each version stands. Written by puppet: change it by command\n\
                      # (`puppet install`, `upgrade`, `rollback`, `remove`), not by hand.\n";

/// The most bytes of it.
const MOST: u64 = 16 << 20;

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pack: Vec<toml::Spanned<Row>>,
}

#[derive(Serialize)]
struct Written {
    pack: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    version: Version,
    digest: Digest,
    component: Option<Digest>,
    signer: Option<String>,
    source: String,
    state: String,
    since: String,
    reason: Option<String>,
}

/// Reads it; none there is an empty one.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, InstallError> {
    let fault = |line, message: String| InstallError::Lock { path: path.to_owned(), line, message };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        _ => {}
    }
    let bytes = crate::walk::file(path, MOST).map_err(|error| fault(None, error.message().to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|_| fault(None, "is not UTF-8".to_owned()))?;
    let line = |at: usize| Some(1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count());
    let whole: Whole = toml::from_str(&text).map_err(|error| {
        let at = error.span().and_then(|span| line(span.start));
        fault(at, error.message().to_owned())
    })?;
    let (mut seen, mut running, mut entries) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for row in whole.pack {
        let at = line(row.span().start);
        let entry = entry(row.into_inner()).map_err(|message| fault(at, message))?;
        if !seen.insert((entry.id.clone(), entry.digest)) {
            return Err(fault(at, format!("`{}` {} is there twice", entry.id, entry.digest)));
        }
        if entry.state.runs() && !running.insert(entry.id.clone()) {
            return Err(fault(at, format!("two versions of `{}` run", entry.id)));
        }
        entries.push(entry);
    }
    sort(&mut entries);
    Ok(entries)
}

fn entry(row: Row) -> Result<Entry, String> {
    if !is_id(&row.id) {
        return Err(format!("`{}` is no id of a pack", row.id));
    }
    let state = State::parse(&row.state).ok_or_else(|| format!("`{}` is no state", row.state))?;
    let source = Source::parse(&row.source).ok_or_else(|| format!("`{}` is no source", row.source))?;
    let since = Timestamp::parse(&row.since).ok_or_else(|| format!("`{}` is no time", row.since))?;
    let Row { id, version, digest, component, signer, reason, .. } = row;
    Ok(Entry { id: PackId::new(id), version, digest, component, signer, source, state, since, reason })
}

fn sort(entries: &mut [Entry]) {
    entries.sort_by(|a, b| (&a.id, &a.version, a.digest).cmp(&(&b.id, &b.version, b.digest)));
}

/// Puts it in its place.
pub(super) fn write(path: &Path, mut entries: Vec<Entry>) -> Result<(), InstallError> {
    sort(&mut entries);
    let pack = entries.into_iter().map(|entry| Row {
        id: entry.id.to_string(),
        version: entry.version,
        digest: entry.digest,
        component: entry.component,
        signer: entry.signer,
        source: entry.source.name().to_owned(),
        state: entry.state.name().to_owned(),
        since: entry.since.to_string(),
        reason: entry.reason,
    });
    let failed = |source: std::io::Error| InstallError::Io { path: path.to_owned(), source };
    let written = Written { pack: pack.collect() };
    let text = if written.pack.is_empty() { Ok(String::new()) } else { toml::to_string(&written) };
    let text = text.map_err(|error| failed(std::io::Error::other(error)))?;
    let temporary = path.with_file_name(format!(".{}.new", super::LOCK));
    let mut file = File::create(&temporary).map_err(failed)?;
    file.write_all(format!("{HEADER}\n{text}").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    // What would not be read again is not published.
    read(&temporary)?;
    fs::rename(&temporary, path).map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}
