//! `restore`: a data folder of a backup. It is made beside its place and put there by one rename; what is there already is
//! never touched. What may have happened since the backup was made is not done again: effects that had not ended are in
//! doubt, and the folder begins halted.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use puppet_store::{
    Change, Doubt, EffectEnd, EffectState, EventStore as _, Halt, Options, SqliteStore, Store, StoreError,
};
use puppet_types::{Timestamp, counted};
use serde_json::json;

use crate::{
    backup::{self, Listing, OUTSIDE, cannot_write},
    cli::Restore,
    commands::pack::size,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// A folder on its way, gone where it does not arrive.
struct Staged(PathBuf);

impl Drop for Staged {
    fn drop(&mut self) {
        // It has arrived.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs it.
pub async fn run(setup: &Setup, args: &Restore, out: Output) -> Result<()> {
    let data = std::path::absolute(&setup.data).map_err(Trouble::internal)?;
    is_free(&data)?;
    let staged = stage(&data)?;
    let note = |path: &str, bytes: u64| out.note(format!("  {path} ({})", size(bytes)));
    let listing = backup::unpack(&args.file, &staged.0, &note)?;
    let store = SqliteStore::open(&staged.0, Options::default())?;
    let doubtful = hold_back(&store, listing.made).await?;
    let waiting = store.waiting().await?.len();
    store.close();
    publish(&staged.0, &data)?;
    tell(&listing, (&args.file, &data), (doubtful, waiting), out)
}

fn is_free(data: &Path) -> Result<()> {
    let free = match fs::read_dir(data) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    if free { Ok(()) } else { Err(taken(data)) }
}

fn taken(data: &Path) -> Trouble {
    let remedy = "name another folder with --data, or move this one away: a restore never overwrites";
    Trouble::input("file-exists", "is there and is not an empty folder", remedy).in_file(data)
}

/// A folder beside the place, its owner's alone.
fn stage(data: &Path) -> Result<Staged> {
    let name = data.file_name().ok_or_else(|| taken(data))?.to_string_lossy().into_owned();
    let path = data.with_file_name(format!(".{name}.restoring"));
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if let Some(folder) = data.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    }
    match builder.create(&path) {
        Ok(()) => Ok(Staged(path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let remedy = "another restore is under way, or was killed: then delete this folder";
            Err(Trouble::input("file-exists", "is there already", remedy).in_file(&path))
        }
        Err(error) => Err(cannot_write(&path, &error)),
    }
}

/// What had not ended may have left since, and other effects may follow from events that were handled since: nothing
/// leaves before somebody has looked. Answers how many effects are in doubt for it.
async fn hold_back(store: &dyn Store, made: Timestamp) -> std::result::Result<usize, StoreError> {
    let open = store.effects(&[EffectState::Waiting, EffectState::Sent]).await?;
    let at = Timestamp::from_system();
    for effect in &open {
        let end = EffectEnd {
            reason: Some(format!("restored from a backup of {made}: it may have left since")),
            not_before: Some(at),
            // Its provider is asked, once the operator lets things leave again.
            doubt: Some(Doubt { begun: effect.doubt.map_or(made, |doubt| doubt.begun.min(made)), undecidable: false }),
            ..EffectEnd::of(effect, EffectState::InDoubt, at)
        };
        store.end_attempt(end).await?;
    }
    let reason = format!("restored from a backup of {made}: see `puppet outbox list`");
    store.apply(vec![Change::Halt(Some(Halt { since: at, reason: Some(reason) }))]).await?;
    Ok(open.len())
}

/// In one step. Something that came to be there meanwhile stays.
fn publish(staged: &Path, data: &Path) -> Result<()> {
    match fs::rename(staged, data) {
        Ok(()) => {}
        Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory) => {
            return Err(taken(data));
        }
        Err(error) => return Err(cannot_write(data, &error)),
    }
    let folder = data.parent().unwrap_or(Path::new("/"));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| cannot_write(data, &error))
}

fn tell(
    listing: &Listing,
    (file, data): (&Path, &Path),
    (doubtful, waiting): (usize, usize),
    out: Output,
) -> Result<()> {
    if out.json {
        return out.object(&json!({
            "schema": "puppet.restore/1", "file": file.display().to_string(), "data": data.display().to_string(),
            "made_at": listing.made, "made_by": listing.by, "files": listing.files, "halted": true,
            "in_doubt": doubtful, "waiting_events": waiting, "outside": OUTSIDE,
        }));
    }
    let files = counted(listing.files.len(), "file", "files");
    out.line(format!("{}: {files}, {}, as of {}", data.display(), size(listing.bytes()), listing.made))?;
    if waiting > 0 {
        let events = counted(waiting, "event that waited then is", "events that waited then are");
        out.line(format!("{events} handled by the next host, also where that happened before"))?;
    }
    if doubtful > 0 {
        let effects = counted(doubtful, "effect that had not ended then is", "effects that had not ended then are");
        out.line(format!("{effects} in doubt now: their provider is asked before anything of it is sent again"))?;
    }
    out.line("halted: nothing leaves. Look at `puppet outbox list`, then say `puppet resume`")?;
    out.line(format!("not in a backup, since they lie beside the data folder: {}", OUTSIDE.join(", ")))
}
