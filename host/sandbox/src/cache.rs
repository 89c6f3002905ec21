//! Native code kept between runs, in a folder of the host's own. Never in a pack: whoever can write these files can
//! run code as the host. What is damaged, foreign or of another engine is compiled again.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use puppet_types::Digest;
use wasmtime::{Engine, component::Component};

/// A digest of the native code stands before it: wasmtime checks a header, not every byte.
const DIGEST_BYTES: usize = 32;

/// The kept native code of a component, if it is whole and of this engine.
pub(crate) fn load(engine: &Engine, dir: &Path, digest: &Digest) -> Option<Component> {
    let file = ours(&path(engine, dir, digest))?;
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

/// The bytes of a file that its owner alone can have written, where that is who the host runs as.
#[cfg(unix)]
fn ours(path: &Path) -> Option<Vec<u8>> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    // Of the opened file: what lies at the path may have been changed since.
    let mut file = fs::File::open(path).ok()?;
    let about = file.metadata().ok()?;
    let mine = about.uid() == rustix::process::geteuid().as_raw() && about.permissions().mode() & 0o022 == 0;
    let mut bytes = Vec::new();
    (about.is_file() && mine && file.read_to_end(&mut bytes).is_ok()).then_some(bytes)
}

#[cfg(not(unix))]
fn ours(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

#[allow(unsafe_code, reason = "the one place where kept native code becomes a component again")]
fn deserialize(engine: &Engine, code: &[u8]) -> Option<Component> {
    // SAFETY: the bytes are the output of `Component::serialize` of an engine with the same compatibility hash: they
    // come from a file in the host's own folder that only its user can write, and match the digest written with them.
    unsafe { Component::deserialize(engine, code) }.ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    #[test]
    fn what_others_can_have_written_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("a.native"), dir.path().join("b.native"));
        fs::write(&file, "code").unwrap();
        symlink(&file, &link).unwrap();
        let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o600);
        assert_eq!(ours(&file).as_deref(), Some(&b"code"[..]));
        assert_eq!(ours(&link), None);
        mode(0o620);
        assert_eq!(ours(&file), None);
        mode(0o600);
        // Only root can give a file away.
        if chown(&file, Some(65_534), None).is_ok() {
            assert_eq!(ours(&file), None);
        }
    }
}
