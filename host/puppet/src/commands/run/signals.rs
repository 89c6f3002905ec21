//! The signals of a host that runs. Each is heard from the start on: one that comes while the host is busy stopping is not
//! missed.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM.
pub struct Signals {
    told: [Option<Signal>; 2],
}

impl Signals {
    /// Heard from now on. What the system does not let us hear ends the process as ever.
    pub fn new() -> Self {
        Self { told: [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok()) }
    }

    /// Returns when the host is told to stop, once for each time, and after a length of time.
    pub async fn stop(&mut self, length: Option<Duration>) {
        let over = async {
            match length {
                Some(length) => tokio::time::sleep(length).await,
                None => std::future::pending().await,
            }
        };
        let [interrupted, terminated] = &mut self.told;
        tokio::select! {
            () = heard(interrupted) => {}
            () = heard(terminated) => {}
            () = over => {}
        }
    }
}

async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
