//! A pack in a folder.

use std::path::{Path, PathBuf};

use puppet_types::Persona;

use crate::{Manifest, PackError, persona};

/// Most assets, and the largest.
const ASSETS: usize = 500;
const ASSET_BYTES: u64 = 20 << 20;
/// Largest `pack.toml` or persona.
const TEXT_BYTES: u64 = 2 << 20;

/// A pack that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    /// Where it lies.
    pub dir: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its character, for personalities.
    pub persona: Option<Persona>,
    /// Paths below `assets/`.
    pub assets: Vec<String>,
}

impl Pack {
    /// Reads a folder.
    pub fn open(dir: &Path) -> Result<Self, PackError> {
        let path = dir.join("pack.toml");
        let manifest = Manifest::parse(&read(&path)?, &path)?;
        let persona = match &manifest.persona {
            Some(name) => {
                let path = dir.join(name);
                Some(persona::parse(&read(&path)?, &path)?)
            }
            None => None,
        };
        let mut assets = Vec::new();
        let folder = dir.join("assets");
        if folder.is_dir() {
            walk(&folder, "", &mut assets)?;
            assets.sort();
        }
        Ok(Self { dir: dir.to_owned(), manifest, persona, assets })
    }

    /// From texts that are built in; `dir` is for errors.
    pub fn from_texts(dir: &Path, manifest: &str, character: Option<&str>) -> Result<Self, PackError> {
        let manifest = Manifest::parse(manifest, &dir.join("pack.toml"))?;
        let persona = character.map(|text| persona::parse(text, &dir.join("persona.toml"))).transpose()?;
        Ok(Self { dir: dir.to_owned(), manifest, persona, assets: Vec::new() })
    }
}

fn read(path: &Path) -> Result<String, PackError> {
    let remedy = "check the pack's folder";
    let cannot = |error: std::io::Error| PackError::new(path, format!("cannot be read: {error}"), remedy);
    let size = std::fs::metadata(path).map_err(cannot)?.len();
    if size > TEXT_BYTES {
        return Err(PackError::new(path, format!("{size} bytes: at most {TEXT_BYTES}"), "shorten it"));
    }
    std::fs::read_to_string(path).map_err(cannot)
}

/// Plain files only: a link could lead out of the pack.
fn walk(folder: &Path, below: &str, assets: &mut Vec<String>) -> Result<(), PackError> {
    let cannot = |error: std::io::Error| PackError::new(folder, format!("cannot be read: {error}"), "check the folder");
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let meta = entry.path().symlink_metadata().map_err(cannot)?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if meta.is_symlink() {
            return Err(PackError::new(&entry.path(), "is a link", "put the file itself into the pack"));
        }
        if meta.is_dir() {
            walk(&entry.path(), &format!("{name}/"), assets)?;
        } else if meta.len() > ASSET_BYTES {
            let message = format!("{} bytes: at most {ASSET_BYTES}", meta.len());
            return Err(PackError::new(&entry.path(), message, "make the asset smaller"));
        } else {
            assets.push(name);
        }
        if assets.len() > ASSETS {
            return Err(PackError::new(folder, format!("more than {ASSETS} assets"), "leave some out"));
        }
    }
    Ok(())
}
