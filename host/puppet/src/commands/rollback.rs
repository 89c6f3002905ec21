//! `rollback`: an earlier version of a pack comes back.

use std::time::Duration;

use puppet_packs::{
    Entry, Source, State,
    requires::{self, Present},
};
use puppet_types::{Digest, PackId, Timestamp};
use serde::Serialize;

use crate::{
    grants::Grants,
    installing::{self, Way, of_install},
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// `puppet.rollback/1`.
#[derive(Serialize)]
pub struct Told {
    schema: &'static str,
    pack: PackId,
    from: Option<String>,
    to: String,
    digest: Digest,
    state: &'static str,
}

/// Digits of a digest that name a version, at least.
const DIGITS: usize = 6;

/// Runs it.
pub async fn run(setup: &Setup, pack: &str, version: Option<&str>, out: Output) -> Result<()> {
    let mut notes = Vec::new();
    let told = back(setup, PackId::new(pack), version, None, &mut notes).await;
    out.notes(&notes);
    let told = told?;
    if out.json {
        return out.object(&told);
    }
    let from = told.from.as_deref().map_or_else(String::new, |from| format!(" in place of {from}"));
    out.line(format!("{} {}{from}  {}", out.bold(&told.pack), told.to, out.dim(told.digest)))
}

/// Brings an earlier version back: the one that is named, or that ran last. `wait`: as for [`installing::hand_over`].
pub async fn back(
    setup: &Setup,
    id: PackId,
    version: Option<&str>,
    wait: Option<Duration>,
    notes: &mut Vec<String>,
) -> Result<Told> {
    let entries = installing::entries(setup)?;
    let to = target(&entries, &id, version)?.clone();
    let known = installing::plugins(&installing::of(setup))?;
    // Its files are looked at once more.
    let asking = installing::asking(setup, &to, &known)?;
    let manifest = installing::of(setup).open(&to).map_err(of_install)?.manifest;
    let needs = requires::unmet(&Present::of(&manifest), &installing::present(&installing::of(setup))?);
    if let Some(against) = installing::refused(&needs) {
        return Err(against);
    }
    let runs = installing::running(&entries, &id).cloned();
    let way = Way::of(setup, &asking, runs.as_ref(), &Grants::of(setup)?)?;
    // What lies in a folder of the operator's own waits for no approval.
    if way.state == State::Waiting && to.source == Source::Archive {
        let message = format!("`{id}` {} asks for more than it was granted: {}", to.version, way.widened.join("; "));
        let remedy = format!("`puppet grants approve {id} --yes --digest {}`, or leave it so", asking.digest);
        return Err(Trouble::refused("asks-for-more", message, remedy));
    }
    way.go(setup, &asking, || take_place(setup, &to))?;
    let to = Entry { state: State::Current, ..to };
    let handed = installing::hand_over(setup, &to, wait, notes).await?;
    if let Some(against) = handed.as_ref().and_then(installing::not_run) {
        return Err(against);
    }
    Ok(Told {
        schema: "puppet.rollback/1",
        pack: id,
        from: runs.map(|entry| entry.version.to_string()),
        to: to.version.to_string(),
        digest: to.digest,
        state: State::Current.name(),
    })
}

/// The version that is meant: the one that is named, or that ran last.
fn target<'e>(entries: &'e [Entry], id: &PackId, version: Option<&str>) -> Result<&'e Entry> {
    // What was refused, waits or is on trial is let in by `upgrade`, which asks for proof.
    let ran = |entry: &&Entry| matches!(entry.state, State::Kept | State::RolledBack | State::Next);
    let of_pack: Vec<&Entry> = entries.iter().filter(|entry| entry.id == *id).filter(ran).collect();
    let is_named = |entry: &Entry, name: &str| {
        let digest = name.strip_prefix("sha256:").unwrap_or(name);
        entry.version.to_string() == name || digest.len() >= DIGITS && entry.digest.hex().starts_with(digest)
    };
    let found = match version {
        Some(name) => of_pack.iter().copied().filter(|entry| is_named(entry, name)).max_by_key(|entry| entry.since),
        None => of_pack.iter().copied().filter(|entry| entry.state == State::Kept).max_by_key(|entry| entry.since),
    };
    found.ok_or_else(|| {
        let names: Vec<String> = of_pack.iter().map(|entry| entry.version.to_string()).collect();
        let remedy = match names.as_slice() {
            [] => "`puppet packs` lists what is installed".to_owned(),
            names => format!("there is {}", names.join(", ")),
        };
        let message = match version {
            Some(version) => format!("there is no version {version} of `{id}` to go back to"),
            None => format!("there is no version of `{id}` that ran before"),
        };
        Trouble::input("not-installed", message, remedy).missing()
    })
}

fn take_place(setup: &Setup, to: &Entry) -> Result<()> {
    let at = Timestamp::from_system();
    let changed = installing::of(setup).change(|entries| {
        for entry in entries.iter_mut().filter(|entry| entry.id == to.id) {
            let (state, reason) = if entry.digest == to.digest {
                (State::Current, None)
            } else if entry.state.runs() {
                (State::RolledBack, Some(format!("{} came back", to.version)))
            } else if matches!(entry.state, State::Next | State::Canary) {
                (State::Kept, Some(format!("{} came back before it could serve", to.version)))
            } else {
                continue;
            };
            (entry.state, entry.since, entry.reason) = (state, at, reason);
        }
        Ok(())
    });
    changed.map_err(of_install)
}
