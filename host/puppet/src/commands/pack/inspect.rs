//! `pack inspect`: who a pack is from, what is in it, what runs in it, and what it asks for in plain words. Its files
//! are read, and none is run.

use std::path::Path;

use puppet_packs::{Bundle, PackFile};
use puppet_types::{Digest, PackId, scrub};
use serde::Serialize;
use serde_json::{Value, json};

use super::{open, size};
use crate::{
    agents::of_pack,
    commands::grants::asked::Asking,
    installing,
    output::Output,
    setup::Setup,
    trouble::Result,
    vetting::{self, Runs},
};

/// `puppet.pack-inspect/1`.
#[derive(Serialize)]
struct Inspected {
    schema: &'static str,
    path: String,
    pack: PackId,
    version: String,
    name: String,
    description: String,
    license: Option<String>,
    authors: Vec<String>,
    kinds: Vec<&'static str>,
    contract: Option<String>,
    publisher: Option<String>,
    signer: Option<String>,
    links: Vec<Value>,
    requires: Vec<Value>,
    has_persona: bool,
    plugin: PackId,
    world: &'static str,
    component: Digest,
    imports: Vec<&'static str>,
    asks: Vec<String>,
    digest: Digest,
    bytes: u64,
    files: Vec<PackFile>,
    left_out: Vec<String>,
}

/// Runs it.
pub fn run(setup: &Setup, path: &Path, out: Output) -> Result<()> {
    let bundle = open(path)?;
    let signer = bundle.signer().map_err(of_pack)?;
    let runs = vetting::vet(&bundle.pack, bundle.component_bytes(), &installing::plugins(&installing::of(setup))?)?;
    let inspected = inspected(path, &bundle, signer, &runs);
    if out.json {
        return out.object(&inspected);
    }
    print(&inspected, out)
}

fn inspected(path: &Path, bundle: &Bundle, signer: Option<String>, runs: &Runs) -> Inspected {
    let manifest = &bundle.pack.manifest;
    let claims = &manifest.claims;
    let asking = Asking::of_pack(&bundle.pack, runs, bundle.digest());
    Inspected {
        schema: "puppet.pack-inspect/1",
        path: path.display().to_string(),
        pack: manifest.id.clone(),
        version: manifest.version.to_string(),
        name: manifest.name.clone(),
        description: manifest.description.clone(),
        license: manifest.license.clone(),
        authors: manifest.authors.clone(),
        kinds: claims.kinds.iter().map(|kind| kind.name()).collect(),
        contract: claims.contract.as_ref().map(ToString::to_string),
        publisher: claims.publisher.clone(),
        signer,
        links: claims.links.iter().map(|(kind, address)| json!({ "kind": kind, "address": address })).collect(),
        requires: claims
            .requires
            .iter()
            .map(|(pack, range)| json!({ "pack": pack, "range": range.to_string() }))
            .collect(),
        has_persona: bundle.pack.persona.is_some(),
        plugin: runs.plugin.clone(),
        world: runs.world.name(),
        component: runs.component,
        imports: runs.imports.iter().map(|capability| capability.name()).collect(),
        asks: asking.plain(),
        digest: bundle.digest(),
        bytes: bundle.bytes(),
        files: bundle.contents.files(),
        left_out: bundle.left_out.clone(),
    }
}

fn print(of: &Inspected, out: Output) -> Result<()> {
    out.line(format!("{} {}  {}", out.bold(&of.pack), of.version, of.description))?;
    let signed = match (&of.signer, &of.publisher) {
        (Some(signer), _) => out.good(format!("signed by {signer}")),
        (None, Some(publisher)) => out.odd(format!("not signed, though it names the publisher {publisher}")),
        (None, None) => out.odd("not signed"),
    };
    out.line(signed)?;
    let by = if of.authors.is_empty() { "nobody says who wrote it".to_owned() } else { of.authors.join(", ") };
    out.line(format!("by {by}, {}", of.license.as_deref().unwrap_or("without a licence")))?;
    for link in &of.links {
        out.line(format!(
            "{}: {}",
            link["kind"].as_str().unwrap_or_default(),
            link["address"].as_str().unwrap_or_default()
        ))?;
    }
    for need in &of.requires {
        let (pack, range) = (need["pack"].as_str().unwrap_or_default(), need["range"].as_str().unwrap_or_default());
        out.line(format!("needs {pack} {range}"))?;
    }
    let what = if of.has_persona { "a character that runs" } else { "runs" };
    out.line(format!("{what} `{}` ({}), {}", of.plugin, of.world, of.component))?;
    out.line("asks that it")?;
    of.asks.iter().try_for_each(|plain| out.line(format!("  {plain}")))?;
    for file in &of.files {
        out.line(format!("{}  {} {}", file.digest, scrub::text(&file.path), out.dim(size(file.bytes))))?;
    }
    for path in &of.left_out {
        out.line(out.dim(format!("not part of the pack: {path}")))?;
    }
    out.line(format!("{}  {}", of.digest, size(of.bytes)))
}
