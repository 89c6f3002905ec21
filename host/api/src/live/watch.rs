//! The two tasks of a stream: one passes on what the host tells, the other looks now and then at what nobody tells.

use std::{sync::Arc, time::Duration};

use puppet_engine::{Happening, Host};
use puppet_store::{Store, StoreError};
use serde_json::json;
use tokio::{
    sync::{
        broadcast::{
            Receiver,
            error::{RecvError, TryRecvError},
        },
        watch,
    },
    time::{Instant, MissedTickBehavior},
};

use super::{
    hub::{Hub, Reason},
    topics::Topic,
};
use crate::{
    auth::{Principal, PrincipalKind},
    parts::Parts,
};

/// So many are put into the ring together, and readers woken once.
const BATCH: usize = 1_024;
/// Between two batches: a thousand readers are not woken for each message.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a key that was taken back is read with, at most.
const LOOK: Duration = Duration::from_secs(2);
/// How often the host says that it is there, and how its queues stand.
const STATUS: Duration = Duration::from_secs(30);

/// Passes on what the host tells, until the host is gone.
pub(super) async fn tell(hub: Arc<Hub>, host: Arc<Host>, mut watched: Receiver<Happening>) {
    loop {
        let mut batch = Vec::new();
        let mut has_missed = false;
        match watched.recv().await {
            Ok(happening) => batch.push(happening),
            Err(RecvError::Lagged(_)) => has_missed = true,
            Err(RecvError::Closed) => return,
        }
        while batch.len() < BATCH && !has_missed {
            match watched.try_recv() {
                Ok(happening) => batch.push(happening),
                Err(TryRecvError::Lagged(_)) => has_missed = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        hub.take(batch);
        if has_missed {
            tracing::warn!("the live stream could not keep up with the host: its readers are told to look anew");
            hub.reset(host.now());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What is looked at.
pub(super) struct Looked {
    host: Arc<Host>,
    store: Arc<dyn Store>,
    stop: watch::Receiver<bool>,
}

impl Looked {
    pub(super) fn of(parts: &Parts) -> Self {
        Self { host: Arc::clone(&parts.host), store: Arc::clone(&parts.store), stop: parts.stop.clone() }
    }
}

/// Looks whether those who read may still do so, how the host is, and whether it ends.
pub(super) async fn look(hub: Arc<Hub>, mut looked: Looked) {
    let status = |state: &str, more: serde_json::Value| {
        let mut data = json!({ "state": state });
        if let (Some(data), serde_json::Value::Object(more)) = (data.as_object_mut(), more) {
            data.extend(more);
        }
        hub.tell(looked.host.now(), Topic::SystemStatus, None, data);
    };
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut beat, mut disk) = (Instant::now() + STATUS, None);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            ended = looked.stop.wait_for(|stop| *stop) => {
                if ended.is_ok() {
                    hub.end(Reason::Stopping, |_| true);
                }
                return;
            }
        }
        let now = looked.host.disk.fault().map(|fault| fault.to_string());
        if now != disk {
            status("disk", json!({ "fault": now }));
            disk = now;
        }
        if Instant::now() >= beat {
            let gauges = looked.host.gauges();
            let queue = json!({
                "waiting": gauges.waiting, "oldest_at": gauges.oldest, "deferred": gauges.deferred,
                "effects_waiting": gauges.effects_waiting, "in_doubt": gauges.in_doubt,
            });
            status("beat", json!({ "queue": queue, "readers": hub.readers() }));
            beat = Instant::now() + STATUS;
        }
        for principal in hub.principals() {
            // A store that does not answer takes nobody's right away.
            if !stands(&looked, &principal).await.unwrap_or(true) {
                let is_same = |other: &Principal| other.id == principal.id && other.session == principal.session;
                hub.end(Reason::Revoked, is_same);
            }
        }
    }
}

/// Whether a key, or a session, is still worth something.
async fn stands(looked: &Looked, principal: &Principal) -> Result<bool, StoreError> {
    if principal.kind == PrincipalKind::Legacy {
        return Ok(true);
    }
    let now = looked.host.now();
    let Some(key) = looked.store.api_key(&principal.id).await? else { return Ok(false) };
    if key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= now) {
        return Ok(false);
    }
    let Some(family) = &principal.session else { return Ok(true) };
    Ok(looked.store.api_session(family).await?.is_some_and(|session| session.expires_at > now))
}
