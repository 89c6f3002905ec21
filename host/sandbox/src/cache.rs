//! Native code kept between runs, in a folder of the host's own. Never in a pack: whoever can write these files can
//! run code as the host. What is damaged, foreign or of another engine is compiled again.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use puppet_types::Digest;
use wasmtime::{Engine, component::Component};

/// A digest of the native code stands before it: wasmtime checks a header, not every byte.
const DIGEST_BYTES: usize = 32;

/// The kept native code of a component, if it is whole and of this engine.
pub(crate) fn load(engine: &Engine, dir: &Path, digest: &Digest) -> Option<Component> {
    let path = path(engine, dir, digest);
    if !is_ours(&path) {
        return None;
    }
    let file = fs::read(path).ok()?;
    let (expected, code) = file.split_at_checked(DIGEST_BYTES)?;
    if Digest::of(code).as_bytes() != expected {
        return None;
    }
    deserialize(engine, code)
}

/// Keeps native code: written beside, then renamed, so that no reader sees half of it.
pub(crate) fn keep(engine: &Engine, dir: &Path, digest: &Digest, component: &Component) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let code = component.serialize().map_err(io::Error::other)?;
    folder(dir)?;
    let path = path(engine, dir, digest);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
    let written = write(&draft, &code).and_then(|()| fs::rename(&draft, &path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write(draft: &Path, code: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(Digest::of(code).as_bytes())?;
    file.write_all(code)?;
    file.sync_all()
}

fn folder(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn path(engine: &Engine, dir: &Path, digest: &Digest) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    dir.join(format!("{}-{:016x}.native", digest.hex(), hasher.finish()))
}

/// A file that others could have written is not run.
#[cfg(unix)]
fn is_ours(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn is_ours(path: &Path) -> bool {
    path.is_file()
}

#[allow(unsafe_code, reason = "the one place where kept native code becomes a component again")]
fn deserialize(engine: &Engine, code: &[u8]) -> Option<Component> {
    // SAFETY: the bytes are the output of `Component::serialize` of an engine with the same compatibility hash: they
    // come from a file in the host's own folder that only its user can write, and match the digest written with them.
    unsafe { Component::deserialize(engine, code) }.ok()
}
