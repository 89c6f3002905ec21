//! Whether what a data folder holds is what must always hold (docs/architecture.md). Reads page by page and keeps a few
//! bytes per row, so that a long life needs little memory; a host may work in the folder meanwhile, and what it does
//! between two looks is no violation. Finds and names; mends nothing.

mod effects;
mod events;
mod journal;
mod oldest;
mod references;
mod rule;
mod spends;
mod trading;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use puppet_packs::Installed;
use puppet_store::{SqliteStore, Store, StoreError};

use crate::{
    installing,
    trouble::{Result, Trouble},
};

pub use rule::{Rule, TOLD};

use oldest::Oldest;

/// The rule of the file itself.
pub const FILE: &str = "file-is-whole";

/// Rows that are read at once.
const PAGE: usize = 1_000;

/// Rows after which it is said how far it is.
const TELL: u64 = 50_000;

/// Says how far it is: what is looked at, and how many of it.
pub type Tell<'a> = &'a dyn Fn(&str, u64);

/// The file itself. What is wrong with it may be behind everything else that is found.
pub async fn file(store: &SqliteStore, tell: Tell<'_>) -> Result<Rule> {
    tell("pages of the database", 0);
    let mut rule = Rule::new(FILE);
    let (pages, wrong) = store.integrity(TOLD).await?;
    rule.checked = pages;
    wrong.into_iter().for_each(|line| rule.violated(line));
    Ok(rule)
}

/// `puppet.lock` against the files that it speaks of.
pub fn packs(installed: &Installed) -> Rule {
    let mut rule = Rule::new("packs-are-what-was-installed");
    match installed.entries() {
        Ok(entries) => {
            for entry in entries {
                let opened = installed.open(&entry);
                rule.check(opened.is_ok(), || {
                    let why = opened.err().map(|error| installing::of_install(error).in_a_line());
                    format!("{} {}: {}", entry.id, entry.version, why.unwrap_or_default())
                });
            }
        }
        Err(error) => rule.violated(installing::of_install(error).in_a_line()),
    }
    rule
}

/// The rows.
pub async fn rows(store: &dyn Store, tell: Tell<'_>) -> Result<Vec<Rule>> {
    let mut reads_back = Rule::new("rows-read-back");
    let mut rules = Vec::new();
    let mut oldest = Oldest::default();
    let before = kept(&mut reads_back, store.spent().await)?.unwrap_or_default();
    let mut events = events::Events::default();
    kept(&mut reads_back, events.walk(store, tell).await)?;
    let agents = kept(&mut reads_back, store.agents().await)?.unwrap_or_default();
    let mut journal = journal::Journal::new(&before, agents.into_iter().map(|row| row.id).collect());
    let journaled = kept(&mut reads_back, journal.walk(store, tell).await)?;
    let mut effects = effects::Effects::default();
    // Half of a journal says nothing of what is not in it.
    if journaled.is_some() {
        kept(&mut reads_back, events.compare(&journal, store, &mut oldest).await)?;
        kept(&mut reads_back, effects.walk(&journal, store, &mut oldest, tell).await)?;
    }
    reads_back.checked = events.rule.checked + journal.entries + effects.once.checked;
    let journal::Journal { ended, mut failed, failures, follow, kept_reads, spends, breaches, .. } = journal;
    let seqs = (&events.seqs[..], &failures[..]);
    let references = kept(&mut reads_back, references::walk(store, &mut failed, seqs, tell).await)?;
    let mut one_end = events.rule;
    one_end.add(ended);
    let reservations = kept(&mut reads_back, references::reservations(store).await)?;
    let timers = kept(&mut reads_back, timers(store).await)?;
    let strikes = kept(&mut reads_back, journal::strikes(store, &breaches).await)?;
    let booked = kept(&mut reads_back, spends.booked(store).await)?;
    let purses = kept(&mut reads_back, trading::purses(store, tell).await)?;
    let swaps = kept(&mut reads_back, trading::swaps(store, tell).await)?;
    rules.extend([one_end, failed, follow, effects.once, effects.references, kept_reads]);
    rules.extend([references, reservations, timers, strikes, booked, purses, swaps].into_iter().flatten());
    rules.insert(0, reads_back);
    Ok(rules)
}

/// What cannot be read ends one look, and not all of them.
fn kept<T>(reads_back: &mut Rule, found: std::result::Result<T, StoreError>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Disk { .. } | StoreError::Failed(_))) => {
            reads_back.violated(error.to_string());
            Ok(None)
        }
        Err(error) => Err(Trouble::from(error)),
    }
}

async fn timers(store: &dyn Store) -> std::result::Result<Rule, StoreError> {
    let mut rule = Rule::new("timers-have-agents");
    let agents: std::collections::BTreeSet<_> = store.agents().await?.into_iter().map(|row| row.id).collect();
    for timer in store.timers().await? {
        let has = agents.contains(&timer.agent) || timer.agent.is_generator();
        rule.check(has, || format!("timer `{}` of {}: there is no agent {}", timer.name, timer.plugin, timer.agent));
    }
    Ok(rule)
}

/// Eight bytes that stand for an id: a million of them are eight megabytes.
fn short(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
