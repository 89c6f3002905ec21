//! A pack's folder, read and bounded. Nothing in it may lead out of it, and nothing of it is run here.

use std::path::{Path, PathBuf};

use puppet_types::{Digest, Persona};
use semver::Version;

use crate::{
    Component, Contents, MAX_COMPONENT_BYTES, Manifest, PackError,
    document::Document,
    error::{ErrorKind, Problem},
    paths::PACK,
    persona,
    settings::{self, Setting},
    walk::{self, Bounds, unreadable},
};

/// The most files below `assets/`.
pub const MAX_ASSETS: usize = 256;
/// The most bytes of one asset: what X takes for an image.
pub const MAX_ASSET_BYTES: u64 = 5 << 20;
/// The most bytes of all assets.
pub const MAX_ASSETS_BYTES: u64 = 64 << 20;
/// The most files below `prompts/`.
pub const MAX_PROMPTS: usize = 256;
/// The most bytes of `pack.toml`, of a persona, of a prompt, and of a file for people.
pub const MAX_TEXT_BYTES: u64 = 1 << 20;

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
            let path = inside("component", name)?;
            if manifest.claims.digest.is_some() {
                let component = walk::file(&path, MAX_COMPONENT_BYTES)?;
                let lines = Document::parse(&text, &file)?;
                check_digest(&manifest, &component).map_err(|problem| lines.fault(problem))?;
            }
        }
        let persona = match &manifest.persona {
            Some(name) => {
                let path = inside("persona", name)?;
                let prompt = |name: &str| inside("persona", name).and_then(|path| read(&path));
                Some(persona::parse_with(&read(&path)?, &path, &prompt)?)
            }
            None => None,
        };
        Ok(Self { dir: dir.to_owned(), manifest, persona, assets: assets(dir)? })
    }

    /// Its prompts that stand in files: paths below its folder, sorted.
    pub fn prompts(&self) -> Result<Vec<String>, PackError> {
        Ok(walk::prompts(&self.dir)?.into_iter().map(|name| format!("prompts/{name}")).collect())
    }

    /// From files that were read, and lie in no folder; `dir` is for errors.
    pub fn from_contents(dir: &Path, contents: &Contents) -> Result<Self, PackError> {
        let missing = |name: &str| {
            let message = format!("`{name}` is missing");
            PackError::in_file(ErrorKind::FileMissing, dir, message, "put the file into the pack")
        };
        let bytes = |name: &str| contents.get(name).ok_or_else(|| missing(name));
        let text = |name: &str| utf8(bytes(name)?.to_vec(), &dir.join(name));
        let file = dir.join(PACK);
        let (pack, lines) =
            (text(PACK)?, |problem| Ok::<_, PackError>(Document::parse(&text(PACK)?, &file)?.fault(problem)));
        let manifest = Manifest::parse(&pack, &file)?;
        if let Component::File(name) = &manifest.component
            && let Err(problem) = check_digest(&manifest, bytes(name)?)
        {
            return Err(lines(problem)?);
        }
        let persona = match &manifest.persona {
            Some(name) => Some(persona::parse_with(&text(name)?, &dir.join(name), &text)?),
            None => None,
        };
        let assets = contents.iter().filter_map(|(path, _)| path.strip_prefix("assets/").map(str::to_owned)).collect();
        Ok(Self { dir: dir.to_owned(), manifest, persona, assets })
    }

    /// Whether a host that serves these versions of the plugin contract can run it.
    pub fn check_contract(&self, served: &[Version]) -> Result<(), PackError> {
        self.manifest.claims.check_contract(served).or_else(|problem| self.fault(problem))
    }

    fn fault(&self, problem: Problem) -> Result<(), PackError> {
        let file = self.dir.join(PACK);
        // For its line, where there is a folder.
        match read(&file).and_then(|text| Document::parse(&text, &file).map(|document| document.fault(problem.clone())))
        {
            Ok(error) => Err(error),
            Err(_) => Err(PackError {
                field: Some(problem.field),
                ..PackError::in_file(problem.kind, &file, problem.message, problem.remedy)
            }),
        }
    }

    /// Whether its `[settings]` are among those that the plugin it runs declares.
    pub fn check_settings(&self, declared: &[Setting]) -> Result<(), PackError> {
        settings::check("settings", &self.manifest.settings, declared).or_else(|problem| self.fault(problem))
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

fn read(path: &Path) -> Result<String, PackError> {
    utf8(walk::file(path, MAX_TEXT_BYTES)?, path)
}

fn utf8(bytes: Vec<u8>, path: &Path) -> Result<String, PackError> {
    String::from_utf8(bytes)
        .map_err(|_| PackError::in_file(ErrorKind::Syntax, path, "is not UTF-8", "save it as UTF-8"))
}

fn assets(dir: &Path) -> Result<Vec<String>, PackError> {
    walk::below(dir, "assets", &Bounds { files: MAX_ASSETS, each: MAX_ASSET_BYTES, all: MAX_ASSETS_BYTES })
}

/// Whether a component is the one that the manifest means.
fn check_digest(manifest: &Manifest, component: &[u8]) -> Result<(), Problem> {
    let found = Digest::of(component);
    let Some(meant) = manifest.claims.digest.filter(|meant| *meant != found) else { return Ok(()) };
    let message = format!("the component is {found}, not {meant}");
    Err(Problem::new(
        ErrorKind::WrongDigest,
        "digest",
        message,
        "put the right component into the pack, or its digest here",
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

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
    fn prompts_may_stand_in_files() {
        let dir = folder();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        fs::create_dir(dir.path().join("prompts")).unwrap();
        write("prompts/system.md", "You are a lamp.\n");
        write("prompts/b.md", "Shine.");
        write(
            "persona.toml",
            "custom_system_prompt = { file = \"prompts/system.md\" }\nrotating_system_prompts = [\"Glow.\", { file = \"prompts/b.md\" }]\n",
        );
        let pack = Pack::open(dir.path()).unwrap();
        let persona = pack.persona.as_ref().unwrap();
        assert_eq!(persona.custom_system_prompt.as_deref(), Some("You are a lamp.\n"));
        assert_eq!(persona.rotating_system_prompts, ["Glow.", "Shine."]);
        let (contents, _) = Contents::of_folder(&pack).unwrap();
        assert_eq!(Pack::from_contents(dir.path(), &contents).unwrap(), pack);
        for (text, expected) in [
            (
                "custom_system_prompt = { file = \"../secret\" }",
                "persona.toml:1: custom_system_prompt.file: expected a file below `prompts/`",
            ),
            ("custom_system_prompt = { file = \"persona.toml\" }", "expected a file below `prompts/`"),
            (
                "custom_system_prompt = { fil = \"x\" }",
                "custom_system_prompt.fil: `fil` is not a key: did you mean `file`?",
            ),
            ("goals = [{ file = \"prompts/b.md\" }]", "goals[0]: expected a text, found a table"),
            ("rotating_system_prompts = [\n{ file = \"prompts/none.md\" }]", "`prompts/none.md` cannot be read"),
        ] {
            write("persona.toml", text);
            let error = Pack::open(dir.path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        write("persona.toml", "custom_system_prompt = { file = \"prompts/b.md\" }");
        let large = fs::File::create(dir.path().join("prompts/b.md")).unwrap();
        large.set_len(MAX_TEXT_BYTES + 1).unwrap();
        assert_eq!(Pack::open(dir.path()).unwrap_err().code(), "too-large");
        write("prompts/b.md", "");
        std::fs::write(dir.path().join("prompts/b.md"), b"\xff").unwrap();
        assert_eq!(Pack::open(dir.path()).unwrap_err().code(), "syntax");
    }

    #[test]
    fn the_component_is_the_one_that_is_meant() {
        let dir = folder();
        let digest = Digest::of(b"\0asm");
        let pack = format!("id = \"lamp\"\nversion = \"0.1.0\"\ncomponent = \"lamp.wasm\"\ndigest = \"{digest}\"\n");
        fs::write(dir.path().join("pack.toml"), pack).unwrap();
        fs::write(dir.path().join("lamp.wasm"), "\0asm").unwrap();
        Pack::open(dir.path()).unwrap();
        fs::write(dir.path().join("lamp.wasm"), "\0asm!").unwrap();
        let error = Pack::open(dir.path()).unwrap_err();
        assert_eq!((error.code(), error.line(), error.field()), ("wrong-digest", Some(4), Some("digest")));
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
