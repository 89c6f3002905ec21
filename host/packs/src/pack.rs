//! A pack's folder, read and bounded. Nothing in it may lead out of it, and nothing of it is run here.

use std::{
    fs,
    path::{Path, PathBuf},
};

use puppet_types::Persona;

use crate::{
    Component, Manifest, PackError,
    document::Document,
    error::{ErrorKind, Problem},
    persona,
    settings::{self, Setting},
};

/// The most files below `assets/`.
pub const MAX_ASSETS: usize = 256;
/// The most bytes of one asset: what X takes for an image.
pub const MAX_ASSET_BYTES: u64 = 5 << 20;
/// The most bytes of all assets.
pub const MAX_ASSETS_BYTES: u64 = 64 << 20;
/// The most bytes of `pack.toml` and of a persona.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// What is installed.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    /// Its folder.
    pub dir: PathBuf,
    /// Its `pack.toml`.
    pub manifest: Manifest,
    /// Its persona, where it has one.
    pub persona: Option<Persona>,
    /// Files below `assets/`, relative to it, with `/`, sorted.
    pub assets: Vec<String>,
}

impl Pack {
    /// Reads a pack's folder.
    pub fn open(dir: &Path) -> Result<Self, PackError> {
        let file = dir.join("pack.toml");
        let text = read(&file)?;
        let manifest = Manifest::parse(&text, &file)?;
        // The manifest names a field: an error about the file it points to can say so.
        let inside = |field: &str, name: &str| {
            let fault = |kind, message: String, remedy: &str| {
                let lines = Document::parse(&text, &file);
                let problem = Problem::new(kind, field, message, remedy);
                lines.map_or_else(|error| error, |document| document.fault(problem))
            };
            let path = dir.join(name);
            let real = path.canonicalize().map_err(|error| {
                fault(ErrorKind::Unreadable, format!("`{name}` cannot be read: {error}"), "put the file into the pack")
            })?;
            let home = dir.canonicalize().map_err(|error| unreadable(dir, &error))?;
            if real.starts_with(home) {
                return Ok(path);
            }
            Err(fault(
                ErrorKind::OutsidePack,
                format!("`{name}` leads out of the pack"),
                "put the file itself into the pack",
            ))
        };
        if let Component::File(name) = &manifest.component {
            inside("component", name)?;
        }
        let persona = match &manifest.persona {
            Some(name) => {
                let path = inside("persona", name)?;
                Some(persona::parse(&read(&path)?, &path)?)
            }
            None => None,
        };
        Ok(Self { dir: dir.to_owned(), manifest, persona, assets: assets(dir)? })
    }

    /// Whether its `[settings]` are among those that the plugin it runs declares.
    pub fn check_settings(&self, declared: &[Setting]) -> Result<(), PackError> {
        let Err(problem) = settings::check("settings", &self.manifest.settings, declared) else { return Ok(()) };
        let file = self.dir.join("pack.toml");
        let text = read(&file)?;
        // For its line.
        let document = Document::parse(&text, &file)?;
        Err(document.fault(problem))
    }

    /// A pack without a folder: from the texts of its `pack.toml` and its persona.
    pub fn from_texts(dir: &Path, pack: &str, persona: Option<&str>) -> Result<Self, PackError> {
        let manifest = Manifest::parse(pack, &dir.join("pack.toml"))?;
        let persona = match (&manifest.persona, persona) {
            (Some(name), Some(text)) => Some(persona::parse(text, &dir.join(name))?),
            _ => None,
        };
        Ok(Self { dir: dir.to_owned(), manifest, persona, assets: Vec::new() })
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> PackError {
    PackError::in_file(
        ErrorKind::Unreadable,
        path,
        format!("cannot be read: {error}"),
        "check that it is there and that you may read it",
    )
}

fn read(path: &Path) -> Result<String, PackError> {
    let bytes = fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    if bytes > MAX_TEXT_BYTES {
        let message = format!("holds {bytes} bytes: at most {MAX_TEXT_BYTES}");
        return Err(PackError::in_file(ErrorKind::TooLarge, path, message, "make it smaller"));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    String::from_utf8(bytes)
        .map_err(|_| PackError::in_file(ErrorKind::Syntax, path, "is not UTF-8", "save it as UTF-8"))
}

fn assets(dir: &Path) -> Result<Vec<String>, PackError> {
    let root = dir.join("assets");
    let (mut found, mut total) = (Vec::new(), 0_u64);
    match fs::symlink_metadata(&root) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(unreadable(&root, &error)),
        Ok(kind) if kind.is_symlink() => return Err(link(&root)),
        Ok(_) => {}
    }
    let mut folders = vec![(root, String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let path = entry.path();
            let kind = entry.metadata().map_err(|error| unreadable(&path, &error))?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(PackError::in_file(
                    ErrorKind::BadValue,
                    &path,
                    "its name is not UTF-8",
                    "give it another name",
                ));
            };
            if kind.is_symlink() {
                return Err(link(&path));
            }
            if found.len() + folders.len() >= MAX_ASSETS {
                let message = format!("more than {MAX_ASSETS} files");
                return Err(PackError::in_file(ErrorKind::TooLarge, &dir.join("assets"), message, "leave some out"));
            }
            if kind.is_dir() {
                folders.push((path, format!("{prefix}{name}/")));
                continue;
            }
            if !kind.is_file() {
                return Err(PackError::in_file(ErrorKind::BadValue, &path, "is no file", "assets are files"));
            }
            total = total.saturating_add(kind.len());
            if kind.len() > MAX_ASSET_BYTES || total > MAX_ASSETS_BYTES {
                let message = format!("assets may hold {MAX_ASSET_BYTES} bytes each and {MAX_ASSETS_BYTES} together");
                return Err(PackError::in_file(ErrorKind::TooLarge, &path, message, "make it smaller"));
            }
            found.push(format!("{prefix}{name}"));
        }
    }
    found.sort();
    Ok(found)
}

fn link(path: &Path) -> PackError {
    PackError::in_file(ErrorKind::OutsidePack, path, "is a link", "put the file itself into the pack")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str =
        "id = \"lamp\"\nversion = \"0.1.0\"\nplugin = \"standard-personality\"\npersona = \"persona.toml\"\n";

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("pack.toml"), PACK).unwrap();
        fs::write(dir.path().join("persona.toml"), "goals = [\"shine\"]\n").unwrap();
        dir
    }

    #[test]
    fn a_folder_is_a_pack() {
        let dir = folder();
        fs::create_dir_all(dir.path().join("assets/more")).unwrap();
        fs::write(dir.path().join("assets/b.png"), "b").unwrap();
        fs::write(dir.path().join("assets/more/a.png"), "a").unwrap();
        let pack = Pack::open(dir.path()).unwrap();
        assert_eq!(pack.assets, ["b.png", "more/a.png"]);
        assert_eq!(pack.persona.as_ref().unwrap().goals, ["shine"]);
        let texts = Pack::from_texts(dir.path(), PACK, Some("goals = [\"shine\"]\n")).unwrap();
        assert_eq!((texts.manifest, texts.persona), (pack.manifest, pack.persona));
    }

    #[test]
    fn what_is_missing_is_named() {
        let dir = folder();
        fs::remove_file(dir.path().join("persona.toml")).unwrap();
        let error = Pack::open(dir.path()).unwrap_err();
        assert_eq!((error.code(), error.line(), error.field()), ("unreadable", Some(4), Some("persona")));
        let error = Pack::open(&dir.path().join("nowhere")).unwrap_err();
        assert_eq!(error.code(), "unreadable");
        assert!(error.file().unwrap().ends_with("nowhere/pack.toml"));
        fs::write(dir.path().join("pack.toml"), "id = \"lamp\"\nversion = \"0.1.0\"\ncomponent = \"lamp.wasm\"\n")
            .unwrap();
        assert_eq!(Pack::open(dir.path()).unwrap_err().field(), Some("component"));
    }

    #[test]
    fn too_many_and_too_large_assets_are_refused() {
        let dir = folder();
        fs::create_dir(dir.path().join("assets")).unwrap();
        let large = fs::File::create(dir.path().join("assets/large.png")).unwrap();
        large.set_len(MAX_ASSET_BYTES + 1).unwrap();
        assert_eq!(Pack::open(dir.path()).unwrap_err().code(), "too-large");
        large.set_len(1).unwrap();
        for n in 1..MAX_ASSETS {
            fs::write(dir.path().join(format!("assets/{n}.png")), "").unwrap();
        }
        assert_eq!(Pack::open(dir.path()).unwrap().assets.len(), MAX_ASSETS);
        fs::write(dir.path().join("assets/one-more.png"), "").unwrap();
        assert_eq!(Pack::open(dir.path()).unwrap_err().code(), "too-large");
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        let (dir, outside) = (folder(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("persona.toml"), "").unwrap();
        fs::remove_file(dir.path().join("persona.toml")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("persona.toml"), dir.path().join("persona.toml")).unwrap();
        assert_eq!(Pack::open(dir.path()).unwrap_err().code(), "outside-pack");
        let dir = folder();
        fs::create_dir(dir.path().join("assets")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", dir.path().join("assets/a.png")).unwrap();
        assert_eq!(Pack::open(dir.path()).unwrap_err().code(), "outside-pack");
    }
}
