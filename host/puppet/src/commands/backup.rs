//! `backup`: one file of everything that a deployment is in its data folder, also while a host works in it. The file
//! takes its place whole or not at all.

use std::{
    cell::Cell,
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use puppet_packs::SECRETS_FILE;
use puppet_store::{DiskFault, SqliteStore, StoreError};
use puppet_types::{Digest, Timestamp, counted};
use serde::Serialize;

use crate::{
    backup::{self, Changed, Listed, Listing, OUTSIDE, cannot_write},
    cli::Backup,
    commands::{pack::size, run::SECRET},
    installing,
    output::Output,
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// `puppet.backup/1`.
#[derive(Serialize)]
struct Made {
    schema: &'static str,
    file: String,
    bytes: u64,
    digest: Digest,
    made_at: Timestamp,
    files: Vec<Listed>,
    /// Files of it that nobody else may read.
    secrets: Vec<&'static str>,
    /// What a deployment has besides, and is not in it.
    outside: [&'static str; 4],
}

/// A file on its way, gone where it does not arrive.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It has arrived, or was never made. SQLite leaves its journal where it could not write.
        let _ = fs::remove_file(&self.0);
        let mut journal = self.0.clone().into_os_string();
        journal.push("-journal");
        let _ = fs::remove_file(journal);
    }
}

/// Runs it.
pub async fn run(setup: &Setup, args: &Backup, out: Output) -> Result<()> {
    if setup.config.store.mongodb.is_some() {
        let remedy = "copy them with `puppet store copy --from credential:NAME --to sqlite:DIR` while no host runs, or use the \
                      server's own backup";
        return Err(Trouble::input("not-here", "the rows are in MongoDB, and not in the data folder", remedy));
    }
    records::open(setup).await?;
    let store = SqliteStore::open_read_only(&setup.data)?;
    let made = Timestamp::from_system();
    let to = place(&args.to, made)?;
    let beside = |what: &str| {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        Temporary(to.with_file_name(format!(".{name}.{}.{what}", std::process::id())))
    };
    let (database, whole) = (beside("db"), beside("tar"));
    out.note("copying the database");
    // Made before SQLite fills it, so that nobody else can read it.
    private(&database.0).map_err(|error| cannot_write(&to, &error))?;
    store.copy_to(&database.0).await.map_err(|error| of_copy(error, &to))?;
    let file = private(&whole.0).map_err(|error| cannot_write(&to, &error))?;
    let listing = write(setup, &database.0, made, &file, out).map_err(|error| of_write(error, &to))?;
    let (digest, bytes) =
        File::open(&whole.0).and_then(Digest::of_reader).map_err(|error| cannot_write(&to, &error))?;
    publish(&whole.0, &to)?;
    tell(&listing, (&to, bytes, digest), out)
}

fn write(
    setup: &Setup,
    database: &Path,
    made: Timestamp,
    file: &File,
    out: Output,
) -> std::result::Result<Listing, Changed> {
    let files = Cell::new(0);
    backup::write((&setup.data, database), made, file, &|path, bytes| {
        files.set(files.get() + 1);
        out.note(format!("  {path} ({})", size(bytes)));
    })
}

/// Where it comes to lie. What is there stays.
fn place(to: &Path, made: Timestamp) -> Result<PathBuf> {
    // A name that ends in a slash is that of a folder, which may not be there yet.
    let is_folder = to.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_folder && to.symlink_metadata().is_err() {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(to);
        made.map_err(|error| cannot_write(to, &error))?;
    }
    let to = if to.is_dir() {
        to.join(format!("puppet-{}.tar", made.to_jiff().strftime("%Y%m%dT%H%M%SZ")))
    } else {
        to.to_owned()
    };
    if to.symlink_metadata().is_ok() {
        return Err(Trouble::input("file-exists", "is there already", "name another file, or a folder").in_file(&to));
    }
    Ok(to)
}

fn private(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// In one step.
fn publish(whole: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::rename(whole, to).and_then(|()| File::open(folder)?.sync_all()).map_err(|error| cannot_write(to, &error))
}

/// Of a copy it is the disk of the copy that fails, unless the database cannot be read.
fn of_copy(error: StoreError, to: &Path) -> Trouble {
    match error {
        StoreError::Disk { fault: DiskFault::Full | DiskFault::ReadOnly | DiskFault::Failing, reason } => {
            cannot_write(to, &io::Error::other(reason))
        }
        error => error.into(),
    }
}

fn of_write(error: Changed, to: &Path) -> Trouble {
    match error {
        Changed::Io(error) => cannot_write(to, &error),
        Changed::Packs(error) => installing::of_install(error),
        Changed::Source(..) => {
            Trouble::unreachable("data-folder", error.to_string(), "run it as who owns the data folder")
        }
        Changed::File(_) => {
            Trouble::unreachable("data-changed", error.to_string(), "somebody installs packs just now: try again")
        }
    }
}

fn tell(listing: &Listing, (to, bytes, digest): (&Path, u64, Digest), out: Output) -> Result<()> {
    let has = |name: &&str| listing.files.iter().any(|file| file.path == **name);
    let secrets: Vec<&str> = [SECRET, SECRETS_FILE].into_iter().filter(has).collect();
    if out.json {
        return out.object(&Made {
            schema: "puppet.backup/1",
            file: to.display().to_string(),
            bytes,
            digest,
            made_at: listing.made,
            files: listing.files.clone(),
            secrets,
            outside: OUTSIDE,
        });
    }
    let files = counted(listing.files.len(), "file", "files");
    out.line(format!("{}: {files}, {}, {digest}", to.display(), size(bytes)))?;
    if !secrets.is_empty() {
        out.line(format!("it holds {}: whoever can read it has them", secrets.join(" and ")))?;
    }
    out.line(format!("not in it, since they lie beside the data folder: {}", OUTSIDE.join(", ")))
}
