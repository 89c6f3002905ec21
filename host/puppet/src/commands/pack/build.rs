//! `pack build`: a folder becomes an archive. What belongs to no pack is left out, and named.

use std::path::{Path, PathBuf};

use puppet_packs::{Bundle, PackFile};
use puppet_types::{Digest, PackId};
use serde::Serialize;

use super::{cannot_write, open, size};
use crate::{
    agents::of_pack,
    files,
    output::Output,
    trouble::{Result, Trouble},
};

/// `puppet.pack-build/1`.
#[derive(Serialize)]
struct Built {
    schema: &'static str,
    file: String,
    pack: PackId,
    version: String,
    digest: Digest,
    signer: Option<String>,
    bytes: u64,
    files: Vec<PackFile>,
    left_out: Vec<String>,
}

/// Runs it.
pub fn run(dir: &Path, output: Option<&Path>, out: Output) -> Result<()> {
    if !dir.is_dir() {
        let remedy = "name the folder that holds pack.toml";
        return Err(Trouble::input("bad-pack", "is no folder", remedy).in_file(dir));
    }
    let bundle = open(dir)?;
    let signer = bundle.signer().map_err(of_pack)?;
    let path = output.map_or_else(|| PathBuf::from(bundle.file_name()), Path::to_owned);
    let bytes = write(&bundle, &path)?;
    let built = Built {
        schema: "puppet.pack-build/1",
        file: path.display().to_string(),
        pack: bundle.pack.manifest.id.clone(),
        version: bundle.pack.manifest.version.to_string(),
        digest: bundle.digest(),
        signer,
        bytes,
        files: bundle.contents.files(),
        left_out: bundle.left_out,
    };
    if out.json {
        return out.object(&built);
    }
    for file in &built.files {
        out.line(format!("  {} {}", file.path, out.dim(size(file.bytes))))?;
    }
    for path in &built.left_out {
        out.line(out.dim(format!("  left out: {path}")))?;
    }
    out.line(format!("{}  {} · {}", out.bold(&built.file), size(built.bytes), built.digest))
}

/// Puts the archive in its place, whole. Answers its length.
pub fn write(bundle: &Bundle, path: &Path) -> Result<u64> {
    let bytes = bundle.archive().map_err(|error| cannot_write(path, &error))?;
    files::replace(path, &bytes, None).map_err(|error| cannot_write(path, &error))?;
    Ok(bytes.len() as u64)
}
