//! `packs`: the installed versions. What runs of them is told by `plugins`.

use puppet_packs::Entry;
use puppet_types::{Digest, PackId, Timestamp};
use serde::Serialize;

use super::pack::size;
use crate::{
    installing::{self, of_install},
    output::{List, Output, Table},
    setup::Setup,
    trouble::Result,
};

/// An installed version.
#[derive(Serialize)]
pub struct Row {
    pack: PackId,
    version: String,
    digest: Digest,
    component: Option<Digest>,
    signer: Option<String>,
    source: &'static str,
    state: &'static str,
    since: Timestamp,
    reason: Option<String>,
    bytes: u64,
}

/// Runs it.
pub fn run(setup: &Setup, out: Output) -> Result<()> {
    let list = all(setup)?;
    if out.json {
        return out.object(&list);
    }
    let rows = list.items;
    if rows.is_empty() {
        out.note("no pack is installed here: `puppet install PATH`");
        return Ok(());
    }
    let mut table = Table::new(&["pack", "version", "state", "size", "signed by", "digest"]);
    let reasons: Vec<String> =
        rows.iter().filter_map(|row| Some(format!("{} {}: {}", row.pack, row.version, row.reason.as_ref()?))).collect();
    for row in rows {
        let signer = row.signer.unwrap_or_else(|| "nobody".to_owned());
        let digest = row.digest.hex()[..12].to_owned();
        table.row([row.pack.to_string(), row.version, row.state.to_owned(), size(row.bytes), signer, digest]);
    }
    table.print(out)?;
    reasons.into_iter().try_for_each(|reason| out.line(out.odd(reason)))
}

/// All installed versions.
pub fn all(setup: &Setup) -> Result<List<Row>> {
    let installed = installing::of(setup);
    let mut rows = Vec::new();
    for entry in installing::entries(setup)? {
        let bytes = installed.bytes(&entry).map_err(of_install)?;
        let Entry { id, version, digest, component, signer, source, state, since, reason } = entry;
        let (version, source, state) = (version.to_string(), source.name(), state.name());
        rows.push(Row { pack: id, version, digest, component, signer, source, state, since, reason, bytes });
    }
    Ok(List { schema: "puppet.packs/1", items: rows, next: None })
}
