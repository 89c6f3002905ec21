//! Which files belong to a pack, and the text `MANIFEST` that pins them: a first line, then for each file, sorted, its
//! digest, its length and its path. The digest of a pack is that of this text: the same for a folder and an archive,
//! signed or not.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use puppet_types::Digest;

use crate::{
    Component, MAX_ASSET_BYTES, Manifest, Pack, PackError,
    error::ErrorKind,
    native,
    pack::{MAX_ASSETS, MAX_ASSETS_BYTES, MAX_PROMPTS, MAX_TEXT_BYTES},
    paths::{MANIFEST, PACK, SIGNATURE, Together},
    walk,
};

/// The most bytes of a component in a pack.
pub const MAX_COMPONENT_BYTES: u64 = 256 << 20;
/// The most files of a pack.
pub const MAX_FILES: usize = MAX_ASSETS + MAX_PROMPTS + 32;
/// The most bytes of all files of a pack.
pub const MAX_PACK_BYTES: u64 = MAX_COMPONENT_BYTES + MAX_ASSETS_BYTES + (16 << 20);

/// First line of `MANIFEST`.
const HEAD: &str = "puppet-pack 1";
/// Files for people, at the top.
const FOR_PEOPLE: [&str; 4] = ["README", "LICENSE", "LICENCE", "CHANGELOG"];

/// A line of `MANIFEST`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PackFile {
    /// Below the pack's folder.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Of its bytes.
    pub digest: Digest,
}

/// The files of a pack, read.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents(BTreeMap<String, Vec<u8>>);

impl Contents {
    /// Reads what belongs to the pack of a folder; the rest is named.
    pub fn of_folder(pack: &Pack) -> Result<(Self, Vec<String>), PackError> {
        let dir = &pack.dir;
        let mut names = vec![PACK.to_owned()];
        if let Component::File(file) = &pack.manifest.component {
            names.push(file.clone());
        }
        names.extend(pack.manifest.persona.clone());
        names.extend(pack.assets.iter().map(|asset| format!("assets/{asset}")));
        names.extend(pack.prompts()?);
        let mut left_out = Vec::new();
        for name in walk::top(dir)? {
            let is_folder = name.ends_with('/');
            if !is_folder && is_for_people(&name) {
                walk::no_link(&dir.join(&name))?;
                names.push(name);
            } else if ![MANIFEST, SIGNATURE, "assets/", "prompts/"].contains(&&*name)
                && !names.iter().any(|known| *known == name || (is_folder && known.starts_with(&name)))
            {
                left_out.push(name);
            }
        }
        names.sort();
        // A persona and a component may lie below `assets/`.
        names.dedup();
        let mut files = BTreeMap::new();
        for name in names {
            let bytes = walk::file(&dir.join(&name), most(&name))?;
            files.insert(name, bytes);
        }
        let contents = Self(files);
        contents.check(dir, &pack.manifest)?;
        Ok((contents, left_out))
    }

    /// Files from elsewhere, held to the rules of a pack.
    pub(crate) fn of_files(
        files: BTreeMap<String, Vec<u8>>,
        at: &Path,
        manifest: &Manifest,
    ) -> Result<Self, PackError> {
        let contents = Self(files);
        if let Some(path) = contents.0.keys().find(|path| !belongs(path, manifest)) {
            let remedy = "leave it out, or build the archive with `puppet pack build`";
            let message = format!("`{path}` does not belong to a pack");
            return Err(PackError::in_file(ErrorKind::FileUnlisted, at, message, remedy));
        }
        contents.check(at, manifest)?;
        Ok(contents)
    }

    /// Whether these files may be a pack.
    fn check(&self, at: &Path, manifest: &Manifest) -> Result<(), PackError> {
        let fault = |kind, message: String, remedy: &str| PackError::in_file(kind, at, message, remedy);
        let mut together = Together::default();
        for (path, bytes) in &self.0 {
            together.take(path).map_err(|(kind, message)| fault(kind, message, "give the file another path"))?;
            if let Some(format) = native::format(bytes) {
                let message = format!("`{path}` is native code ({format})");
                let remedy = "a pack holds one WebAssembly component and data: take the file out";
                return Err(fault(ErrorKind::NativeCode, message, remedy));
            }
        }
        if let Component::File(path) = &manifest.component {
            let component = self.0.get(path).ok_or_else(|| {
                fault(
                    ErrorKind::FileMissing,
                    format!("the component `{path}` is missing"),
                    "put the file into the pack",
                )
            })?;
            if !component.starts_with(b"\0asm") {
                let message = format!("`{path}` is no WebAssembly component");
                return Err(fault(ErrorKind::BadValue, message, "build it with the SDK for `wasm32-wasip2`"));
            }
        }
        let all: u64 = self.0.values().map(|bytes| bytes.len() as u64).sum();
        if self.0.len() > MAX_FILES || all > MAX_PACK_BYTES {
            let message = format!("a pack may hold {MAX_FILES} files and {MAX_PACK_BYTES} bytes");
            return Err(fault(ErrorKind::TooLarge, message, "leave some out"));
        }
        Ok(())
    }

    /// One file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// All of them, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// All of them, as `MANIFEST` has them.
    pub fn files(&self) -> Vec<PackFile> {
        let file = |(path, bytes): (&str, &[u8])| PackFile {
            path: path.to_owned(),
            bytes: bytes.len() as u64,
            digest: Digest::of(bytes),
        };
        self.iter().map(file).collect()
    }

    /// The text `MANIFEST`.
    pub fn listing(&self) -> String {
        let mut text = format!("{HEAD}\n");
        for PackFile { path, bytes, digest } in self.files() {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{digest} {bytes} {path}");
        }
        text
    }
}

/// Reads the text `MANIFEST` of an archive. It must be the one that [`Contents::listing`] makes of these files.
pub(crate) fn listed(text: &str) -> Option<Vec<PackFile>> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    if lines.next() != Some(HEAD) {
        return None;
    }
    let mut files: Vec<PackFile> = Vec::new();
    for line in lines {
        let mut parts = line.splitn(3, ' ');
        let (digest, bytes, path) = (parts.next()?, parts.next()?, parts.next()?);
        let file = PackFile { path: path.to_owned(), bytes: bytes.parse().ok()?, digest: Digest::parse(digest)? };
        let is_canonical = format!("{} {} {path}", file.digest, file.bytes) == line;
        if !is_canonical || files.len() >= MAX_FILES || files.last().is_some_and(|last| last.path >= file.path) {
            return None;
        }
        files.push(file);
    }
    Some(files)
}

/// The most bytes that a file of this path may have.
pub(crate) fn most(path: &str) -> u64 {
    if path == PACK || path.starts_with("prompts/") || is_for_people(path) || path.ends_with(".toml") {
        MAX_TEXT_BYTES
    } else if path.starts_with("assets/") {
        MAX_ASSET_BYTES
    } else {
        MAX_COMPONENT_BYTES
    }
}

fn is_for_people(path: &str) -> bool {
    !path.contains('/') && FOR_PEOPLE.iter().any(|name| path.starts_with(name))
}

fn belongs(path: &str, manifest: &Manifest) -> bool {
    path == PACK
        || is_for_people(path)
        || path.starts_with("prompts/")
        || path.starts_with("assets/")
        || manifest.persona.as_deref() == Some(path)
        || matches!(&manifest.component, Component::File(file) if file == path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_belongs_is_taken_and_the_rest_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let pack = "id = \"lamp\"\nversion = \"0.1.0\"\ncomponent = \"target/lamp.wasm\"\npersona = \"persona.toml\"\n";
        for (name, bytes) in [
            ("pack.toml", pack.as_bytes()),
            ("persona.toml", b"custom_system_prompt = { file = \"prompts/system.md\" }\n"),
            ("prompts/system.md", b"You are a lamp."),
            ("target/lamp.wasm", b"\0asm\x0d\0\x01\0"),
            ("target/debug/x", b"junk"),
            ("src/lib.rs", b"code"),
            ("Cargo.toml", b"[package]"),
            ("README.md", b"# Lamp"),
            ("LICENSE-MIT", b"MIT"),
            ("docs/README", b"no"),
            ("assets/a.png", b"a"),
            ("MANIFEST", b"stale"),
        ] {
            write(name, bytes);
        }
        let pack = Pack::open(folder.path()).unwrap();
        let (contents, left_out) = Contents::of_folder(&pack).unwrap();
        let paths: Vec<&str> = contents.iter().map(|(path, _)| path).collect();
        let taken = [
            "LICENSE-MIT",
            "README.md",
            "assets/a.png",
            "pack.toml",
            "persona.toml",
            "prompts/system.md",
            "target/lamp.wasm",
        ];
        assert_eq!(paths, taken);
        assert_eq!(left_out, ["Cargo.toml", "docs/", "src/"]);
        let listing = contents.listing();
        assert!(listing.starts_with(&format!("puppet-pack 1\n{} 3 LICENSE-MIT\n", Digest::of(b"MIT"))), "{listing}");
        assert_eq!(listed(&listing).unwrap(), contents.files());
        write("assets/run", b"\x7fELF\x02");
        let error = Contents::of_folder(&Pack::open(folder.path()).unwrap()).err().unwrap();
        assert_eq!(error.code(), "native-code");
        fs::remove_file(folder.path().join("assets/run")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("README.link")).unwrap();
        assert_eq!(Contents::of_folder(&pack).err().unwrap().code(), "outside-pack");
        fs::remove_file(folder.path().join("README.link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("README")).unwrap();
        assert_eq!(Contents::of_folder(&pack).err().unwrap().code(), "not-a-file");
        fs::remove_file(folder.path().join("README")).unwrap();
        write("target/lamp.wasm", b"not wasm");
        assert_eq!(Contents::of_folder(&pack).err().unwrap().code(), "bad-value");
    }

    #[test]
    fn a_listing_is_written_in_one_way() {
        let line = |n: u8, path: &str| format!("{} 1 {path}\n", Digest::of(&[n]));
        let good = format!("{HEAD}\n{}{}", line(1, "a"), line(2, "b c"));
        assert_eq!(listed(&good).unwrap()[1].path, "b c");
        for bad in [
            String::new(),
            HEAD.to_owned(),
            good.trim_end().to_owned(),
            good.replace("pack 1", "pack 2"),
            good.replace(" 1 a", " 01 a"),
            good.replace(" 1 a", " +1 a"),
            good.replace('\n', "\r\n"),
            format!("{good}\n"),
            format!("{HEAD}\n{}{}", line(1, "b"), line(2, "a")),
            format!("{HEAD}\n{}{}", line(1, "a"), line(2, "a")),
        ] {
            assert_eq!(listed(&bad), None, "{bad}");
        }
    }
}
