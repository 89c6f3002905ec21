//! What is said to accounts on X, heard for as long as a host runs.

use std::{sync::Arc, time::Duration};

use puppet_engine::{Ears, Host};
use puppet_tweet::{Hearing, HearingTerms, Listening, X};
use puppet_types::counted;
use tokio::{sync::watch, task::JoinHandle};

use crate::setup::Setup;

/// Listens until the host is told to stop. None where nothing is to be heard.
pub fn start(
    setup: &Setup,
    host: &Arc<Host>,
    x: Option<&Arc<X>>,
    stop: watch::Receiver<bool>,
) -> Option<JoinHandle<()>> {
    let terms = terms(setup)?;
    let hearing = Hearing::new(Arc::clone(x?), Arc::new(Ears(Arc::clone(host))), terms);
    Some(tokio::spawn(async move {
        if let Err(error) = hearing.run(stop).await {
            tracing::error!(%error, "mentions on X are not heard before the next start");
        }
    }))
}

/// What an operator is told at the start; none where agents do not post to X.
pub fn told(setup: &Setup, x: Option<&Arc<X>>) -> Option<String> {
    let (mentions, accounts) = (&setup.config.tweet.x.mentions, x?.accounts().len());
    if mentions.by.is_none() {
        return Some("mentions on X are not heard: [tweet.x.mentions] by = \"none\"".to_owned());
    }
    let accounts = counted(accounts, "account", "accounts");
    let every = &mentions.every.1;
    Some(match mentions.by {
        Some(Listening::Poll) => format!("mentions on X: {accounts}, asked for every {every}"),
        _ => format!("mentions on X: {accounts}, by a stream where there can be one, else asked for every {every}"),
    })
}

fn terms(setup: &Setup) -> Option<HearingTerms> {
    let (x, mentions) = (&setup.config.tweet.x, &setup.config.tweet.x.mentions);
    Some(HearingTerms {
        by: mentions.by?,
        every: Duration::from_millis(mentions.every.0),
        backfill: Duration::from_millis(mentions.backfill.0),
        context: mentions.context,
        context_per_day: mentions.context_per_day,
        apps: x.apps_of_accounts(),
        ..HearingTerms::default()
    })
}
