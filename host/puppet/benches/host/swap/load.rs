//! A thousand events a second for a hundred agents, with and without swaps: what is lost, and what an event waits.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use puppet::control::{self, Request};
use tokio::time::MissedTickBehavior;

use super::{
    PAUSE, VERSIONS, at,
    village::{Village, event, version},
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
    let still = during(&village, "still", tokio::time::sleep(effort.length * 10)).await;
    let swaps = effort.loaded_swaps;
    let hammered = async {
        for swap in 1..=swaps {
            let bytes = version(swap % versions);
            village.put(&bytes);
            village.serves(&bytes).await;
            tokio::time::sleep(PAUSE).await;
        }
    };
    let accepted = during(&village, "swaps", hammered).await;
    let rows = village.rows();
    let ((ill, mut quiet), (ill_beside, mut beside)) = (rows.fates(&still), rows.fates(&accepted));
    vec![
        Row {
            name: format!("{swaps} swaps, events not handled well"),
            value: (ill + ill_beside) as f64,
            unit: "events",
            peer: (still.len() + accepted.len()) as f64,
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

/// The load while something else goes on, and until all of it is handled. Answers the events.
async fn during(village: &Village, name: &str, goes_on: impl Future<Output = ()>) -> Vec<String> {
    let stop = AtomicBool::new(false);
    let load = async {
        let mut sent = Vec::new();
        let agents = village.agents.len();
        let together = Duration::from_secs(1) * TOGETHER / u32::try_from(agents * EVENTS).unwrap();
        let mut beats = tokio::time::interval(together);
        beats.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while !stop.load(Ordering::Acquire) {
            beats.tick().await;
            let mut events = Vec::new();
            for _ in 0..TOGETHER {
                let id = format!("evt_{name}_{}", sent.len());
                events.push(event(&id, "bench.tick", &village.agents[sent.len() % agents]));
                sent.push(id);
            }
            let request = Request::Send { events, wait_ms: None };
            control::ask_at(&village.data(), &request).await.unwrap().unwrap();
        }
        sent
    };
    let ended = async {
        goes_on.await;
        stop.store(true, Ordering::Release);
    };
    let (sent, ()) = tokio::join!(load, ended);
    let rows = village.rows();
    village.until("events are left", async || !rows.is_open()).await;
    sent
}
