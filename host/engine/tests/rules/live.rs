//! The live driver on a clock that stands still: order and number of turns are what is looked at, never wall time.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use puppet_engine::{Clock, Happening, Live};
use puppet_types::{Event, Timestamp};
use tokio::sync::watch;

use crate::scene::Scene;

/// A clock of a live host at which everything is due that is due now, and nothing later ever.
pub struct Standing(pub Timestamp);

#[async_trait]
impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
    async fn sleep_until(&self, at: Timestamp) {
        if at > self.0 {
            std::future::pending::<()>().await;
        }
    }
}

/// Hands events in and runs the host until so many invocations are committed and their effects are out. Answers
/// agent and outcome of each, in the order of commits.
pub async fn run(scene: &Scene, live: Live, events: Vec<Event>, invocations: usize) -> Vec<(String, &'static str)> {
    let mut watcher = scene.host.watch();
    scene.host.submit(events).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let driver = tokio::spawn(live.run(Arc::clone(&scene.host), stopped));
    let mut invoked = Vec::new();
    let all = async {
        while invoked.len() < invocations {
            if let Happening::Invoked { agent, outcome, .. } = watcher.recv().await.unwrap() {
                invoked.push((agent.to_string(), outcome.0));
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), all).await.expect("every event has its turn");
    stop.send(true).unwrap();
    driver.await.unwrap().unwrap();
    invoked
}
