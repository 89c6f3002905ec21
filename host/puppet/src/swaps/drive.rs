//! One pack's way: from what the lock says to what serves. A newer version that comes while one is on its way takes its
//! place; what was live stays live until the one that follows has shown what it must.

use std::sync::Arc;

use puppet_engine::swap::{Candidate, Replaced, Verdict, Watch, settled};
use puppet_packs::{Entry, State};
use puppet_sandbox::Standing;
use puppet_types::{Digest, PackId, Timestamp};
use tokio::sync::watch::{Receiver, Sender};

use super::{Context, LookedAt, verify::Stop};

/// A version that serves and is looked at.
pub(super) struct Looking {
    pub(super) entry: Entry,
    pub(super) candidate: Candidate,
    pub(super) replaced: Replaced,
    pub(super) watch: Arc<Watch>,
    pub(super) until: Timestamp,
}

/// How a version's way ended.
pub(super) enum End {
    /// It serves.
    Serves(Box<Looking>),
    /// It is a strategy, and nobody is to be served by it.
    Settled,
    /// A newer one is there.
    Overtaken,
    /// It does not serve.
    Stopped(Stop),
}

impl From<puppet_store::StoreError> for Stop {
    fn from(error: puppet_store::StoreError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<puppet_packs::InstallError> for Stop {
    fn from(error: puppet_packs::InstallError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// The task of a pack: as long as the host runs.
pub(super) async fn work(
    context: Arc<Context>,
    pack: PackId,
    (mut asked, done): (Receiver<u64>, Sender<u64>),
    watched: Option<LookedAt>,
) {
    let way = Way { context, pack };
    let mut looking = match watched {
        Some(watched) => way.resumed(watched).await,
        None => None,
    };
    // What came to run here first of all: once, whatever comes of it.
    let mut first = None;
    asked.mark_changed();
    loop {
        tokio::select! {
            biased;
            changed = asked.changed() => {
                if changed.is_err() {
                    return;
                }
                let old = match way.look(&mut asked, &mut first).await {
                    Looked::Serves(new) => looking.replace(*new),
                    Looked::WentBack => looking.take(),
                    Looked::Nothing => None,
                };
                old.iter().for_each(|old| way.context.host.look_away(&old.watch));
                // What came meanwhile and was not heard is looked at next.
                let latest = *asked.borrow();
                if asked.has_changed().is_ok_and(|has| !has) {
                    done.send_replace(latest);
                }
            }
            verdict = way.verdict(&looking) => {
                let Some(ended) = looking.take() else { continue };
                way.end(ended, verdict).await;
            }
        }
    }
}

/// What a look at the lock brought.
enum Looked {
    /// Nothing new serves.
    Nothing,
    /// A version that is to be looked at.
    Serves(Box<Looking>),
    /// One that was there before, as the operator wants it: it is not looked at.
    WentBack,
}

/// One pack's.
pub(super) struct Way {
    pub(super) context: Arc<Context>,
    pub(super) pack: PackId,
}

impl Way {
    async fn verdict(&self, looking: &Option<Looking>) -> Verdict {
        match looking {
            Some(Looking { watch, until, .. }) => {
                settled(watch, &self.context.rules(), &self.context.host.clock, *until).await
            }
            None => std::future::pending().await,
        }
    }

    /// What was watched when the last host ended is watched again, from the start. Where there is no way back, it stays.
    async fn resumed(&self, (serving, watch): LookedAt) -> Option<Looking> {
        let host = &self.context.host;
        let until = host.now().plus_millis(self.context.rules().watch_ms);
        let entries = self.context.entries(&self.pack).await.unwrap_or_default();
        let watched = entries.iter().find(|entry| entry.state == State::Watched).cloned();
        let before = entries.iter().filter(|entry| entry.state == State::Kept).max_by_key(|entry| entry.since);
        if let (Some(entry), Some(before)) = (watched, before) {
            match self.ready(before).await {
                Ok((before, _)) => {
                    let took = std::time::Duration::ZERO;
                    let replaced = Replaced { plugin: Some(before.plugin), rows: Vec::new(), took };
                    let is_struck = serving.standing(host.now()) != Standing::Good;
                    let candidate = Candidate { plugin: serving, rows: Vec::new() };
                    let looking = Looking { entry, candidate, replaced, watch, until };
                    if !is_struck {
                        return Some(looking);
                    }
                    // The last host ended on the way back.
                    let reason = "it ended in a breach while it was watched, and may not run".to_owned();
                    self.end(looking, Verdict::Bad(reason)).await;
                    return None;
                }
                Err(Stop::Refused(reason) | Stop::Waits(reason)) => {
                    tracing::warn!(pack = %self.pack, "there is no way back to what served before: {reason}");
                }
            }
        }
        host.look_away(&watch);
        None
    }

    /// Brings the host to where the lock is; answers what is to be looked at from now on.
    async fn look(&self, asked: &mut Receiver<u64>, first: &mut Option<Digest>) -> Looked {
        loop {
            let entries = match self.context.entries(&self.pack).await {
                Ok(entries) => entries,
                Err(error) => {
                    self.context.tell(&self.pack, "", "refused", error.to_string());
                    return Looked::Nothing;
                }
            };
            let next = entries.iter().filter(|entry| entry.state == State::Next).max_by_key(|entry| entry.since);
            let new = entries.iter().find(|entry| entry.state.runs() && self.is_new_here(entry));
            let new = new.filter(|entry| first.replace(entry.digest) != Some(entry.digest));
            let Some(next) = next.or(new) else {
                return if self.follow(&entries, asked).await { Looked::WentBack } else { Looked::Nothing };
            };
            match self.bring(next, asked).await {
                End::Serves(looking) => return Looked::Serves(looking),
                End::Settled | End::Overtaken => {}
                End::Stopped(stop) => {
                    self.stopped(next, stop).await;
                    return Looked::Nothing;
                }
            }
        }
    }
}
