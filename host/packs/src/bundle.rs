//! A pack as it is handed on: its files and its signature, from a folder or from an archive, and back. Whether the
//! signature holds is decided here; whether anybody trusts it is not.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use puppet_types::Digest;

use crate::{
    Component, Contents, Pack, PackError, archive,
    error::ErrorKind,
    paths::{MANIFEST, SIGNATURE},
    signature::{self, MAX_SIGNATURE_BYTES},
    walk,
};

/// A pack with everything that belongs to it.
pub struct Bundle {
    /// What it is. Its folder is the path that was opened.
    pub pack: Pack,
    /// Its files.
    pub contents: Contents,
    /// The text of its signature.
    pub signature: Option<String>,
    /// What lies in the folder and does not belong to it; folders end in `/`.
    pub left_out: Vec<String>,
    /// Whether it was a folder.
    pub is_folder: bool,
}

impl Bundle {
    /// Reads a folder or an archive.
    pub fn open(path: &Path) -> Result<Self, PackError> {
        if path.is_dir() {
            return Self::of_folder(path);
        }
        let file = File::open(path).map_err(|error| walk::unreadable(path, &error))?;
        let archive::Unpacked { contents, signature } = archive::read(io::BufReader::new(file), path)?;
        let pack = Pack::from_contents(path, &contents)?;
        Ok(Self { pack, contents, signature, left_out: Vec::new(), is_folder: false })
    }

    fn of_folder(dir: &Path) -> Result<Self, PackError> {
        let (contents, left_out) = Contents::of_folder(&Pack::open(dir)?)?;
        // Of what was read, and not of what may have changed meanwhile.
        let pack = Pack::from_contents(dir, &contents)?;
        let path = dir.join(SIGNATURE);
        let signature = match path.try_exists() {
            Ok(false) => None,
            _ => {
                let text = walk::file(&path, MAX_SIGNATURE_BYTES as u64)?;
                Some(String::from_utf8(text).map_err(|_| {
                    PackError::in_file(ErrorKind::BadSignature, &path, "is not UTF-8", "take the file away")
                })?)
            }
        };
        Ok(Self { pack, contents, signature, left_out, is_folder: true })
    }

    /// Of the pack: of the text `MANIFEST`.
    pub fn digest(&self) -> Digest {
        Digest::of(self.contents.listing().as_bytes())
    }

    /// Of its component, where it brings one.
    pub fn component(&self) -> Option<Digest> {
        self.component_bytes().map(Digest::of)
    }

    /// Its component, where it brings one.
    pub fn component_bytes(&self) -> Option<&[u8]> {
        match &self.pack.manifest.component {
            Component::File(file) => self.contents.get(file),
            Component::BuiltIn(_) => None,
        }
    }

    /// The bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.contents.iter().map(|(_, bytes)| bytes.len() as u64).sum()
    }

    /// Who signed it: the publisher that its manifest names. None where it is not signed.
    pub fn signer(&self) -> Result<Option<String>, PackError> {
        let Some(signature) = &self.signature else { return Ok(None) };
        let fault = |message: String, remedy: &str| {
            PackError::in_file(ErrorKind::BadSignature, &self.pack.dir, message, remedy)
        };
        let key = self.pack.manifest.claims.publisher.clone().ok_or_else(|| {
            fault("is signed, and pack.toml names no `publisher`".to_owned(), "name the key there, and sign it anew")
        })?;
        signature::verify(signature, &self.contents.listing(), &key).map_err(|error| {
            let remedy = if self.is_folder {
                "sign it anew after a change: `puppet pack sign`, or take MANIFEST.minisig away"
            } else {
                "do not trust it: ask who gave it to you for one that is whole"
            };
            fault(format!("{error} (publisher {key})"), remedy)
        })?;
        Ok(Some(key))
    }

    /// What a signature of it says in its comment: the same for the same content.
    pub fn comment(&self) -> String {
        format!("puppet-pack {} {} {}", self.pack.manifest.id, self.pack.manifest.version, self.digest())
    }

    /// `NAME-VERSION.puppet`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.puppet", self.pack.manifest.id, self.pack.manifest.version)
    }

    /// The bytes of its archive.
    pub fn archive(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        archive::write(&self.contents, self.signature.as_deref(), &mut bytes)?;
        Ok(bytes)
    }

    /// Writes all of it into an empty folder, durably; nothing can be executed there.
    pub fn unpack(&self, dir: &Path) -> io::Result<()> {
        let listing = self.contents.listing();
        let ours = [(MANIFEST, Some(listing.as_bytes())), (SIGNATURE, self.signature.as_deref().map(str::as_bytes))];
        let ours = ours.into_iter().filter_map(|(path, bytes)| Some((path, bytes?)));
        let mut folders = std::collections::BTreeSet::from([dir.to_owned()]);
        for (path, bytes) in ours.chain(self.contents.iter()) {
            let path = dir.join(path);
            for folder in path.ancestors().skip(1).take_while(|folder| *folder != dir) {
                folders.insert(folder.to_owned());
            }
            fs::create_dir_all(path.parent().unwrap_or(dir))?;
            let mut options = File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
            let mut file = options.open(&path)?;
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        folders.iter().try_for_each(|folder| File::open(folder)?.sync_all())
    }
}
