//! What a host prints while it runs.

use std::{sync::Arc, time::Duration};

use puppet_engine::Host;
use puppet_types::AgentId;
use tokio::sync::watch;

use crate::{
    feed::{
        Feed,
        plain::{self, Manner, Source},
    },
    output::Output,
};

/// Prints a line per effect as they are done. A reader that goes away does not end the host.
pub struct Printer {
    task: tokio::task::JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Printer {
    /// How long a reader may take for the last lines.
    const LAST: Duration = Duration::from_secs(1);

    /// From now on.
    pub fn start(host: &Arc<Host>, out: Output) -> Self {
        let (stop, stopped) = watch::channel(false);
        host.show();
        let (host, source) = (Arc::clone(host), Source { watcher: host.watch(), stop: stopped });
        let print = async move {
            let name = |agent: &AgentId| agent.to_string();
            let manner = Manner { clock: |at| at.to_jiff().strftime("%F %T").to_string(), name: &name, out };
            plain::each(&host, &mut Feed::default(), source, manner, |line| out.heard(line)).await;
        };
        Self { task: tokio::spawn(print), stop }
    }

    /// Once the driver has ended: what it did last is printed too.
    pub async fn finish(self) {
        // It may have ended with its reader.
        let _ = self.stop.send(true);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(Self::LAST, self.task).await.is_err() {
            abort.abort();
        }
    }
}
