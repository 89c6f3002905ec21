//! Retention as the configuration wants it, and the sweep of a running host: every hour, in pieces between which the
//! one writer of the store rests.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_engine::{
    Clock,
    retention::{LAST, Retention, Sweep, old_ids},
};
use puppet_store::{Pruned, Result, Store};
use tokio::task::JoinHandle;

use crate::config::Config;

/// From the end of a sweep to the next.
const PAUSE: Duration = Duration::from_secs(3_600);
/// For each moment that a piece took the writer is left alone for so many.
const REST: u32 = 4;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// What the configuration keeps. Shadow replays look at the last records of an agent: those stay.
pub fn retention(config: &Config) -> Retention {
    let bound = |value: u64| (value > 0).then_some(value);
    let days = bound(config.journal.keep_days).map(|days| i64::try_from(days).unwrap_or(i64::MAX));
    Retention {
        keep_ms: days.map(|days| days.saturating_mul(DAY_MS)),
        keep_bytes: bound(config.journal.keep_bytes),
        last: LAST.max(config.swap.shadow),
    }
}

/// Sweeps until it is aborted. A sweep that fails is taken up an hour later.
pub fn start(store: Arc<dyn Store>, clock: Arc<dyn Clock>, retention: Retention) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            match sweep(store.as_ref(), clock.as_ref(), &retention).await {
                Ok(Pruned { records: 0, .. }) => {}
                Ok(Pruned { records, .. }) => tracing::info!(records, "old records were dropped"),
                Err(error) => tracing::warn!(%error, "old records could not be dropped"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    })
}

/// One sweep. What it dropped.
async fn sweep(store: &dyn Store, clock: &dyn Clock, retention: &Retention) -> Result<Pruned> {
    let now = clock.now();
    let mut all = Pruned::default();
    let mut sweep = Sweep::begin(store, retention, now).await?;
    while let Some(piece) = sweep.next().await? {
        let pruned = rested(store.prune(piece.old())).await?;
        all.records += pruned.records;
        all.events += pruned.events;
        all.effects += pruned.effects;
    }
    loop {
        let ids = rested(store.prune(old_ids(now))).await?.ids;
        if ids == 0 {
            return Ok(all);
        }
        all.ids += ids;
    }
}

/// A piece, and then a rest.
async fn rested(piece: impl Future<Output = Result<Pruned>>) -> Result<Pruned> {
    let since = Instant::now();
    let pruned = piece.await?;
    tokio::time::sleep(since.elapsed() * REST).await;
    Ok(pruned)
}
