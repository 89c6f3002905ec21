//! A thousand events a second for a hundred agents, with and without swaps: what is lost, and what an event waits.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::MissedTickBehavior};

use super::{
    PAUSE, VERSIONS, at,
    village::{Village, event, handled, version},
};
use crate::{
    Effort,
    table::{Limit, Row},
};

/// Of one agent in a second.
const EVENTS: usize = 10;
/// Sent in one request, each to another agent.
const TOGETHER: u32 = 10;

/// With against without.
pub async fn rows(effort: &Effort) -> Vec<Row> {
    let village = Village::with(effort.agents).await;
    let versions = VERSIONS.min(effort.loaded_swaps);
    for n in 1..=versions {
        let bytes = version(n % versions);
        village.put(&bytes);
        // A canary has to be served.
        during(&village, &format!("warm{n}"), village.serves(&bytes)).await;
    }
    let (still, mut quiet) = during(&village, "still", tokio::time::sleep(effort.length * 10)).await;
    let swaps = effort.loaded_swaps;
    let hammered = async {
        for swap in 1..=swaps {
            let bytes = version(swap % versions);
            village.put(&bytes);
            village.serves(&bytes).await;
            tokio::time::sleep(PAUSE).await;
        }
    };
    let (accepted, mut beside) = during(&village, "swaps", hammered).await;
    let all = [still, accepted].concat();
    vec![
        Row {
            name: format!("{swaps} swaps, events not handled well"),
            value: village.rows().not_well(&all) as f64,
            unit: "events",
            peer: all.len() as f64,
            against: "all events",
            limit: Limit::AtMost(0.0),
        },
        Row {
            name: format!("{swaps} swaps, p99 of an event"),
            value: at(&mut beside, 0.99),
            unit: "ms",
            peer: at(&mut quiet, 0.99),
            against: "the same load, no swaps",
            limit: Limit::AtMost(2.0),
        },
    ]
}

/// The load while something else goes on. Answers the events, and the milliseconds from being sent to being handled: of
/// those that are sent together, what the last of them waits.
async fn during(village: &Village, name: &str, goes_on: impl Future<Output = ()>) -> (Vec<String>, Vec<f64>) {
    let stop = AtomicBool::new(false);
    let load = async {
        let (mut sent, mut under_way) = (Vec::new(), JoinSet::new());
        let agents = village.agents.len();
        let mut beats =
            tokio::time::interval(Duration::from_secs(1) * TOGETHER / u32::try_from(agents * EVENTS).unwrap());
        beats.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while !stop.load(Ordering::Acquire) {
            beats.tick().await;
            let mut events = Vec::new();
            for _ in 0..TOGETHER {
                let id = format!("evt_{name}_{}", sent.len());
                events.push(event(&id, "bench.tick", &village.agents[sent.len() % agents]));
                sent.push(id);
            }
            let data = village.data();
            under_way.spawn(async move {
                let since = Instant::now();
                handled(&data, events).await;
                since.elapsed().as_secs_f64() * 1e3
            });
        }
        (sent, under_way.join_all().await)
    };
    let ended = async {
        goes_on.await;
        stop.store(true, Ordering::Release);
    };
    tokio::join!(load, ended).0
}
