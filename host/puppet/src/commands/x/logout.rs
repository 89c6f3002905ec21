//! `x logout`: the tokens of an account are worth nothing any more, at X and here.

use std::time::Duration;

use puppet_tweet::TokenStore as _;
use serde_json::json;

use crate::{
    output::Output,
    setup::Setup,
    tokens::Tokens,
    trouble::{Result, Trouble},
};

/// Runs it. What cannot be taken back at X goes here all the same, and is told.
pub async fn run(setup: &Setup, who: &str, out: Output) -> Result<()> {
    let (name, account) = super::account(setup, who).await?;
    let (_, app) = super::app(setup, name, account)?;
    let tokens = Tokens::of(setup, name)?;
    let failed = |why: String| Trouble::unreachable("secrets", why, "see what is wrong with the data folder");
    let held = tokens.hold().await.map_err(failed)?;
    let Some(pair) = tokens.load().await.map_err(failed)? else {
        let message = format!("@{name} is not signed in");
        return Err(Trouble::input("sign-in", message, "`puppet x status` tells who is"));
    };
    let x = &setup.config.tweet.x;
    let revoked = puppet_tweet::revoke(&x.endpoint, Duration::from_millis(x.timeout_ms), &app, &pair).await;
    tokens.forget().await.map_err(failed)?;
    drop(held);
    let host = super::told(setup, name).await?;
    if let Err(fault) = revoked {
        let message = format!("@{name} is signed out here, and X was not told: {fault}");
        let remedy = format!("take the access back at X, as @{name}: Settings, Security, Apps and sessions");
        return Err(Trouble::unreachable("sign-in", message, remedy));
    }
    if out.json {
        return out.object(&json!({ "schema": "puppet.x-logout/1", "account": name, "host": host }));
    }
    out.line(format!("@{name} is signed out, here and at X"))
}
