//! Packs: what the commands of the same names do, within the host.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use puppet_api::{
    fault::Fault,
    operations::{Answer, CompareTerms, InstallTerms, PackOperations, RemoveTerms},
};
use puppet_packs::Entry;
use puppet_types::{Digest, PackId, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::{Door, behaviour, fault, told, with_notes};
use crate::{
    cli::{DiffBehaviour, Install},
    commands::{diff_behaviour, install, packs, release, remove, rollback},
    installing::{self, of_install},
    inventory::{self, Row},
    output::List,
    repertoire::Version,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Differences that `diff-behaviour` prints; none are printed here.
const SHOWN: u64 = 0;
/// Digits of a digest that name a version.
const DIGITS: usize = 16;

/// `puppet.plugin/1`.
#[derive(Serialize)]
struct Plugin {
    schema: &'static str,
    pack: PackId,
    versions: Vec<Row>,
}

/// One of `puppet.swaps/1`.
#[derive(Serialize)]
struct Swapped {
    version: String,
    digest: Digest,
    component: Option<Digest>,
    state: &'static str,
    at: Timestamp,
    reason: Option<String>,
    from: Option<String>,
    swap: Option<Value>,
}

#[async_trait]
impl PackOperations for Door {
    async fn packs(&self) -> Answer {
        told(&self.beside(async |setup| packs::all(setup)).await?)
    }

    async fn install(&self, archive: Bytes, terms: InstallTerms) -> Answer {
        // One after the other: each is in memory, and on the disk, until it is looked at.
        let _one = self.installs.lock().await;
        let (taken, notes) = self.beside(async move |setup| taken_in(setup, &archive, terms).await).await?;
        match taken {
            (told, None) => with_notes(&told, notes),
            (told, Some(_)) if told.status == "waiting" => with_notes(&told, notes),
            (_, Some(against)) => Err(fault(against)),
        }
    }

    async fn remove(&self, pack: &PackId, terms: RemoveTerms) -> Answer {
        let pack = pack.clone();
        let gone = self.beside(async move |setup| {
            let mut notes = Vec::new();
            let RemoveTerms { version, with_agent } = terms;
            Ok((remove::gone(setup, pack, version.as_deref(), with_agent, &mut notes).await?, notes))
        });
        let (gone, notes) = gone.await?;
        with_notes(&gone, notes)
    }

    async fn rollback(&self, pack: &PackId, version: Option<&str>, wait: Option<Duration>) -> Answer {
        let (pack, version) = (pack.clone(), version.map(str::to_owned));
        let back = self.beside(async move |setup| {
            let mut notes = Vec::new();
            Ok((rollback::back(setup, pack, version.as_deref(), wait, &mut notes).await?, notes))
        });
        let (back, notes) = back.await?;
        with_notes(&back, notes)
    }

    async fn plugins(&self) -> Answer {
        let began = self.began;
        let items = self.beside(async move |setup| {
            inventory::rows(setup, None, &behaviour::since_start(setup, began).await?).await
        });
        told(&List { schema: "puppet.plugins/1", items: items.await?, next: None })
    }

    async fn plugin(&self, pack: &PackId) -> Answer {
        let (id, began) = (pack.clone(), self.began);
        let versions = self.beside(async move |setup| {
            inventory::rows(setup, Some(&id), &behaviour::since_start(setup, began).await?).await
        });
        let versions = versions.await?;
        if versions.is_empty() {
            return Err(no_plugin(pack));
        }
        told(&Plugin { schema: "puppet.plugin/1", pack: pack.clone(), versions })
    }

    async fn release(&self, pack: &PackId) -> Answer {
        let pack = pack.clone();
        told(&self.beside(async move |setup| release::release(setup, pack.as_str()).await).await?)
    }

    async fn compare(&self, pack: &PackId, terms: CompareTerms) -> Answer {
        let _place = self.replay_place().await?;
        let pack = pack.clone();
        let compared = self.beside(async move |setup| {
            let args = sides(&installing::entries(setup)?, &pack, terms)?;
            diff_behaviour::compared(setup, &args).await
        });
        told(&compared.await?)
    }

    async fn swaps(&self, pack: &PackId) -> Answer {
        let id = pack.clone();
        let (items, is_here) = self
            .beside(async move |setup| {
                let items = swapped(setup, &id).await?;
                // What comes with the program is here without having been installed.
                let is_here = !items.is_empty() || Version::built_in().iter().any(|version| version.manifest.id == id);
                Ok((items, is_here))
            })
            .await?;
        if !is_here {
            return Err(no_plugin(pack));
        }
        told(&List { schema: "puppet.swaps/1", items, next: None })
    }
}

impl Door {
    /// Reads files and compiles: no work for those threads that answer requests.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce(&Setup) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Fault> {
        let setup = std::sync::Arc::clone(&self.setup);
        let runtime = tokio::runtime::Handle::current();
        let done = tokio::task::spawn_blocking(move || runtime.block_on(work(&setup)));
        done.await.map_err(Fault::internal)?.map_err(fault)
    }
}

fn no_plugin(pack: &PackId) -> Fault {
    Fault::not_found("unknown-plugin", format!("there is no plugin `{pack}`"), "`GET /api/v1/plugins` lists them")
}

type Taken = ((install::Told, Option<Trouble>), Vec<String>);

async fn taken_in(setup: &Setup, archive: &[u8], terms: InstallTerms) -> Result<Taken> {
    let InstallTerms { allow_unsigned, force_downgrade, wait } = terms;
    let received = installing::of(setup).receive(archive).map_err(of_install)?;
    let path = received.path().to_owned();
    let args = Install { path: path.clone(), allow_unsigned, force_downgrade };
    let mut notes = Vec::new();
    let taken = install::take_in(setup, &args, (false, wait), &mut notes).await;
    Ok((taken.map_err(|trouble| without_path(trouble, &path))?, notes))
}

/// Where the archive lay meanwhile says nothing to whoever sent it.
fn without_path(mut trouble: Trouble, path: &Path) -> Trouble {
    let path = path.display().to_string();
    trouble.message = trouble.message.replace(&path, "the archive");
    trouble.remedy = trouble.remedy.replace(&path, "the archive");
    trouble
}

/// Which two versions, where not both are named: the one that runs and what came after it; or the one before and that one.
fn sides(entries: &[Entry], pack: &PackId, terms: CompareTerms) -> Result<DiffBehaviour> {
    let named = |version: &str| format!("{pack}@{version}");
    let of = |entry: &Entry| named(entry.digest.hex().get(..DIGITS).unwrap_or_default());
    let runs = installing::running(entries, pack);
    let others = || entries.iter().filter(|entry| entry.id == *pack && !entry.state.runs());
    let newest = others().max_by_key(|entry| entry.since);
    let is_after = |entry: &&Entry| runs.is_none_or(|runs| entry.version > runs.version);
    let (old, new) = match (terms.old.as_deref(), terms.new.as_deref(), newest) {
        (Some(old), Some(new), _) => (named(old), named(new)),
        (Some(old), None, _) => (named(old), pack.to_string()),
        (None, Some(new), _) => (pack.to_string(), named(new)),
        (None, None, Some(newest)) if others().any(|entry| is_after(&entry)) => {
            let after = others().filter(is_after).max_by_key(|entry| entry.since).unwrap_or(newest);
            (pack.to_string(), of(after))
        }
        (None, None, Some(newest)) => (of(newest), pack.to_string()),
        (None, None, None) => {
            let message = format!("there is one version of `{pack}`: nothing to compare it with");
            return Err(Trouble::refused("one-version", message, "install another one, or name two: `old`, `new`"));
        }
    };
    let agent = terms.agent.map(|agent| agent.to_string());
    Ok(DiffBehaviour { old, new, agent, last: terms.last, kind: None, since: None, show: SHOWN })
}

/// By the lock file, and by how far the host has come with the newest.
async fn swapped(setup: &Setup, pack: &PackId) -> Result<Vec<Swapped>> {
    let mut entries = installing::entries(setup)?;
    entries.retain(|entry| entry.id == *pack);
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.since));
    let told = inventory::hosted(setup).await?.swaps.remove(pack);
    let of = |entry: Entry| {
        let swap = told.as_ref().filter(|told| told.digest.is_some() && told.digest == entry.component);
        let swap = swap.map(|told| told.swap.clone());
        let from = swap.as_ref().and_then(|swap| swap["from"]["version"].as_str()).map(str::to_owned);
        let Entry { version, digest, component, state, since, reason, .. } = entry;
        let (version, state) = (version.to_string(), state.name());
        Swapped { version, digest, component, state, at: since, reason, from, swap }
    };
    Ok(entries.into_iter().map(of).collect())
}
