//! How a version's way ends: it settles, it is rolled back, or it never served.

use std::sync::Arc;

use puppet_engine::swap::{Candidate, Replaced, Verdict};
use puppet_packs::{Entry, State};

use super::{
    drive::{Looking, Way},
    verify::Stop,
};
use crate::agents;

impl Way {
    /// What was looked at has shown enough.
    pub(super) async fn end(&self, looking: Looking, verdict: Verdict) {
        let Looking { entry, candidate, replaced, watch, .. } = looking;
        let (context, host) = (&self.context, &self.context.host);
        let done = match verdict {
            Verdict::Good => {
                host.look_away(&watch);
                let noted = context.note(&entry, (State::Current, None), |state| state).await;
                if matches!(noted, Ok(true)) {
                    self.step(&entry, "settled", None, |_| {});
                }
                noted.map(drop).map_err(Stop::from)
            }
            Verdict::Bad(reason) => {
                let done = self.roll_back(&entry, (&candidate, &replaced), &reason).await;
                host.look_away(&watch);
                done
            }
        };
        if let Err(Stop::Refused(reason) | Stop::Waits(reason)) = done {
            tracing::error!(pack = %self.pack, "{reason}");
        }
        self.tidy().await;
    }

    /// Old versions beyond the bounds go.
    pub(super) async fn tidy(&self) {
        let own = Arc::clone(&self.context);
        let swept = super::blocking(move || own.installed.sweep_within(own.keep.keep, own.keep.bytes)).await;
        if let Err(error) = swept {
            tracing::warn!(pack = %self.pack, %error, "old versions are not tidied away");
        }
    }

    /// Back to what served before, once: what is written down now is not tried again.
    async fn roll_back(
        &self,
        entry: &Entry,
        (candidate, replaced): (&Candidate, &Replaced),
        reason: &str,
    ) -> Result<(), Stop> {
        let context = &self.context;
        let before = replaced.plugin.as_ref().map(|plugin| plugin.digest());
        if !context.note_back(entry, before, reason).await? {
            return Ok(());
        }
        context.host.take_back(candidate, replaced).await?;
        self.introduce(&Candidate { plugin: Arc::clone(&candidate.plugin), rows: replaced.rows.clone() });
        self.step(entry, "rolled-back", Some(reason.to_owned()), |progress| progress.share = 0);
        Ok(())
    }

    pub(super) async fn stopped(&self, entry: &Entry, stop: Stop) {
        let (state, stage, reason) = match stop {
            Stop::Refused(reason) => (State::Refused, "refused", reason),
            Stop::Waits(reason) => (State::Waiting, "staged", reason),
        };
        let runs = self.context.floor.trading(&self.pack).runs().filter(|runs| entry.component != Some(*runs));
        let (noted, stage, from) = match runs.filter(|_| entry.state == State::Current) {
            // The operator let it run, and the desks go on with what they have.
            Some(runs) => {
                let stays = self.context.note_stays(entry, runs, &reason).await;
                let from = stays.as_ref().ok().cloned().flatten().map(|version| (version, runs));
                (stays.map(drop), "rolled-back", from)
            }
            None => {
                let noted = self.context.note(entry, (state, Some(reason.clone())), |state| state).await;
                (noted.map(drop), stage, None)
            }
        };
        if let Err(error) = noted {
            tracing::error!(pack = %self.pack, %error, "what became of a version is not written down");
        }
        self.step(entry, stage, Some(reason), |progress| {
            progress.share = 0;
            progress.from = from.or(progress.from.take());
        });
        self.tidy().await;
    }

    /// Agents whose data came with it are known by their new names and accounts; one that is new begins to live.
    pub(super) fn introduce(&self, candidate: &Candidate) {
        let host = &self.context.host;
        for row in &candidate.rows {
            if let Ok(spec) = agents::spec_of(row) {
                agents::introduce(host, &spec);
            }
        }
    }
}
