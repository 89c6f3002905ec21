//! `pack keygen` and `pack sign`: keys of publishers, in the files of minisign, and signatures with them.

use std::{fs::File, io::Write as _, path::Path};

use puppet_packs::{
    Bundle, MANIFEST, SIGNATURE, Secret,
    signature::{self, SignatureError, SigningKey},
};
use puppet_types::{Digest, PackId, scrub};
use serde::Serialize;

use super::{build, cannot_write, open};
use crate::{
    agents::of_pack,
    files,
    output::Output,
    trouble::{Result, Trouble},
};

/// Holds the password of a secret key.
const PASSWORD: &str = "PUPPET_KEY_PASSWORD";

/// `puppet.pack-key/1`.
#[derive(Serialize)]
struct Made {
    schema: &'static str,
    secret_file: String,
    public_file: String,
    publisher: String,
    encrypted: bool,
}

/// Makes a pair of keys. Nothing that is there is written over.
pub fn generate(path: &Path, unencrypted: bool, out: Output) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    let public = Path::new(&name);
    for path in [path, public] {
        if path.symlink_metadata().is_ok() {
            let remedy = "name another file: a key that is lost cannot be made again";
            return Err(Trouble::input("file-exists", "is there already", remedy).in_file(path));
        }
    }
    let password = if unencrypted { None } else { Some(password(path, out, true)?) };
    let keys = signature::generate(password.as_ref()).map_err(|error| of_signature(&error, path))?;
    scrub::learn(std::iter::once(&keys.secret));
    write_new(path, keys.secret.expose(), 0o600)?;
    write_new(public, &keys.public, 0o644)?;
    let made = Made {
        schema: "puppet.pack-key/1",
        secret_file: path.display().to_string(),
        public_file: public.display().to_string(),
        publisher: keys.key,
        encrypted: password.is_some(),
    };
    if out.json {
        return out.object(&made);
    }
    out.line(format!("{}  the secret key: keep it, and give it to nobody", out.bold(&made.secret_file)))?;
    out.line(format!("{}  the public one", out.bold(&made.public_file)))?;
    out.line("write into pack.toml:")?;
    out.line(format!("publisher = \"{}\"", made.publisher))
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let written =
        options.open(path).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| cannot_write(path, &error))
}

/// Of the environment, or of the terminal.
fn password(path: &Path, out: Output, is_new: bool) -> Result<Secret> {
    if let Some(password) = std::env::var(PASSWORD).ok().filter(|password| !password.is_empty()) {
        return Ok(Secret::new(password));
    }
    if !out.can_ask() {
        let remedy = match is_new {
            true => format!("set {PASSWORD}, or make a key without a password: --unencrypted"),
            false => format!("set {PASSWORD}"),
        };
        return Err(Trouble::input("key", "there is no password for it, and nobody to ask", remedy).in_file(path));
    }
    let password = out.asks_secretly("password of the key: ")?;
    if is_new && out.asks_secretly("once more: ")?.expose() != password.expose() {
        return Err(Trouble::input("key", "the two passwords differ", "try again").in_file(path));
    }
    Ok(password)
}

/// `puppet.pack-sign/1`.
#[derive(Serialize)]
struct Told {
    schema: &'static str,
    path: String,
    pack: PackId,
    version: String,
    digest: Digest,
    signer: String,
    comment: String,
}

/// Signs a folder or an archive. One that this key has signed already stays as it is.
pub fn sign(path: &Path, key: &Path, out: Output) -> Result<()> {
    let mut bundle = open(path)?;
    let publisher = bundle.pack.manifest.claims.publisher.clone();
    let text = files::bytes(key, 65_536).and_then(|text| String::from_utf8(text).map_err(std::io::Error::other));
    let text = text.map(Secret::new).map_err(|error| {
        let remedy = "name a file that `puppet pack keygen` or minisign made";
        Trouble::input("key", format!("cannot be read: {error}"), remedy).in_file(key)
    })?;
    let is_encrypted = signature::is_encrypted(&text).map_err(|error| of_signature(&error, key))?;
    let password = is_encrypted.then(|| password(key, out, false)).transpose()?;
    let key = SigningKey::open(&text, password.as_ref()).map_err(|error| of_signature(&error, key))?;
    let signer = key.public();
    if publisher.as_deref() != Some(&signer) {
        let message = match publisher {
            Some(publisher) => format!("pack.toml names the publisher {publisher}, and the key is {signer}"),
            None => "pack.toml names no publisher".to_owned(),
        };
        let remedy = format!("write publisher = \"{signer}\" into pack.toml, build the archive anew, and sign that");
        return Err(Trouble::refused("other-publisher", message, remedy).in_file(path));
    }
    let comment = bundle.comment();
    if !bundle.signer().is_ok_and(|signed| signed.is_some()) {
        let listing = bundle.contents.listing();
        bundle.signature = Some(key.sign(&listing, &comment).map_err(|error| of_signature(&error, path))?);
        write(&bundle, path)?;
    }
    bundle.signer().map_err(of_pack)?;
    let told = Told {
        schema: "puppet.pack-sign/1",
        path: path.display().to_string(),
        pack: bundle.pack.manifest.id.clone(),
        version: bundle.pack.manifest.version.to_string(),
        digest: bundle.digest(),
        signer,
        comment,
    };
    if out.json {
        return out.object(&told);
    }
    out.line(format!("{}  {} {} · {}", out.bold(&told.path), told.pack, told.version, told.digest))?;
    out.line(format!("signed by {}", told.signer))
}

fn write(bundle: &Bundle, path: &Path) -> Result<()> {
    if !bundle.is_folder {
        return build::write(bundle, path).map(|_| ());
    }
    for (name, text) in [(MANIFEST, Some(bundle.contents.listing())), (SIGNATURE, bundle.signature.clone())] {
        let path = path.join(name);
        files::replace(&path, text.unwrap_or_default().as_bytes(), None)
            .map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

fn of_signature(error: &SignatureError, path: &Path) -> Trouble {
    let remedy = match error {
        SignatureError::WrongPassword => "use the password that it was made with",
        _ => "name the secret key that `puppet pack keygen` or minisign made",
    };
    Trouble::input("key", error.to_string(), remedy).in_file(path)
}
