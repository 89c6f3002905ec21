//! Where effects go: X with the tokens of the configuration, or nowhere but to the local timeline.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use puppet_packs::{Installed, SecretsFile};
use puppet_tweet::{X, XSettings, XSetupError, XSign};
use puppet_types::AccountId;

use crate::{
    assets::Assets, config::TweetProvider, credentials, output::Output, rows::Rows, setup::Setup, trouble::Result,
};

/// X, where the configuration names it. An account whose token is not set is left out and said.
pub fn x(setup: &Setup, secrets: &SecretsFile, store: &Rows, out: Output) -> Result<Option<Arc<X>>> {
    let tweet = &setup.config.tweet;
    if tweet.provider != TweetProvider::X {
        return Ok(None);
    }
    let mut tokens = BTreeMap::new();
    for (name, account) in &tweet.x.accounts {
        match credentials::of_source(setup, secrets, &account.token_source, account.token.as_ref())? {
            (Some(token), _) => drop(tokens.insert(AccountId::new(name), XSign::Token(token))),
            (None, wanted) => out.note(format!("nothing is posted as @{name}: {wanted} is not set")),
        }
    }
    let settings = XSettings {
        endpoint: tweet.x.endpoint.clone(),
        timeout: Duration::from_millis(tweet.x.timeout_ms),
        settle: Duration::from_millis(tweet.x.settle_ms),
        renews_on: tweet.x.plan.renews_on,
        accounts: tokens,
        apps: BTreeMap::new(),
    };
    let x = X::new(settings).map_err(|error| {
        let (key, remedy) = match &error {
            XSetupError::BadToken(account) => {
                (format!("tweet.x.accounts.{account}"), "put the token there as X shows it, on one line")
            }
            _ => ("tweet.x.endpoint".to_owned(), "leave it out for X itself, or name what `puppet emulate` prints"),
        };
        setup.config.bad_value(&key, error.to_string(), remedy)
    })?;
    let images = Assets { installed: Installed::at(&setup.data), store: store.shared() };
    Ok(Some(Arc::new(x.with_images(Arc::new(images)))))
}

/// What is wrong for an agent that would post as this account; none where it has a token.
pub fn without_token(x: &X, agent: &str, handle: &str) -> Option<String> {
    let account = AccountId::new(handle);
    (!x.knows(&account)).then(|| {
        format!("{agent} posts as @{handle}, which has no token for X: name it in [tweet.x.accounts.{handle}]")
    })
}
