//! Listening, over HTTP on loopback.

mod opening;
mod polling;
mod properties;
mod signing_in;
mod soak;
mod streaming;
mod there;

use std::{sync::Arc, time::Duration};

use puppet_types::AccountId;
use tokio::sync::watch;

use super::{Hearing, HearingTerms};
use there::{Fault, Network, Notebook, x};

/// As fast as loopback allows.
fn terms() -> HearingTerms {
    HearingTerms { every: Duration::from_millis(5), ..HearingTerms::default() }
}

/// Listens until something is so.
async fn until(hearing: Hearing, mut is_so: impl AsyncFnMut() -> bool) {
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(hearing.run(stopped));
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("it comes to be");
    stop.send(true).unwrap();
    task.await.unwrap().unwrap();
}

/// A network with some posts, and somebody who listens for `ada`.
async fn scene() -> (Arc<Network>, String, Arc<Notebook>) {
    let network = Arc::new(Network::default());
    let endpoint = network.start().await;
    (network, endpoint, Notebook::new(&["ada"]))
}

fn account(name: &str) -> AccountId {
    AccountId::new(name)
}
