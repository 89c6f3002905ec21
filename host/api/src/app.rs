//! The state of all handlers: the parts, and what the server keeps beside them.

use std::{ops::Deref, sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use crate::{
    audit::Following,
    auth::{Sessions, tries::Tries},
    fault::Result,
    idempotency::UnderWay,
    limits::{Limiter, Network},
    live::Live,
    metrics::Requests,
    parts::Parts,
    refusals::Refusals,
    roster::Roster,
    turns::Turns,
};

/// How often what is old is forgotten.
const SWEEP: Duration = Duration::from_secs(3_600);
/// Rows of the audit log that are kept.
const CHANGES_KEPT: u64 = 1_000_000;

/// The state of all handlers. It is its [`Parts`]: `app.store`, `app.host`, `app.operations`.
pub struct App {
    parts: Parts,
    /// What happens, for those who watch.
    pub live: Live,
    /// Lists of agents that many poll.
    pub roster: Roster,
    /// Requests that were answered.
    pub requests: Requests,
    pub(crate) sessions: Sessions,
    pub(crate) by_address: Limiter<Network>,
    pub(crate) by_key: Limiter<String>,
    pub(crate) tries: Tries,
    pub(crate) refusals: Refusals,
    pub(crate) under_way: UnderWay,
    /// Of those who change the same thing.
    pub(crate) turns: Turns,
    pub(crate) following: Following,
}

impl App {
    /// Around these parts. Called on a runtime: the stream watches from now on.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new(parts: Parts) -> Result<Self> {
        let sessions = Sessions::new(Arc::clone(&parts.store), Arc::clone(&parts.keys), &parts.secret)?;
        let settings = &parts.settings;
        let by_address = Limiter::new(settings.rate_per_minute_per_address, settings.burst.saturating_mul(2));
        let by_key = Limiter::new(settings.rate_per_minute, settings.burst);
        let live = Live::start(&parts);
        Ok(Self {
            parts,
            live,
            roster: Roster::default(),
            requests: Requests::default(),
            sessions,
            by_address,
            by_key,
            tries: Tries::new(),
            refusals: Refusals::new(),
            under_way: UnderWay::default(),
            turns: Turns::default(),
            following: Following::default(),
        })
    }

    /// Forgets what is old, now and every hour, until it is aborted.
    pub(crate) fn sweep(self: &Arc<Self>) -> JoinHandle<()> {
        let app = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                let now = app.host.now();
                let forgotten = async {
                    app.store.forget_api_sessions(now).await?;
                    app.store.forget_api_answers(now).await?;
                    app.store.forget_api_changes(CHANGES_KEPT).await
                };
                if let Err(error) = forgotten.await {
                    tracing::warn!("old rows of the server stay: {error}");
                }
                tokio::time::sleep(SWEEP).await;
            }
        })
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}
