//! `doctor`: what the accounts that signed in do not let their apps do. X is not asked: it said so at the sign-in.

use puppet_tweet::TokenStore as _;

use super::{Check, check};
use crate::{
    commands::x::scopes::{remedy, told},
    config::{TweetProvider, XSigns},
    setup::Setup,
    tokens::Tokens,
};

pub(super) async fn scopes(setup: &Setup) -> Vec<Check> {
    let tweet = &setup.config.tweet;
    let mut checks = Vec::new();
    if tweet.provider == TweetProvider::Local {
        return checks;
    }
    for (name, account) in &tweet.x.accounts {
        // What is wrong with secrets has a check of its own.
        let (XSigns::OAuth2, Ok(tokens)) = (&account.signs, Tokens::of(setup, name)) else { continue };
        let Ok(Some(pair)) = tokens.load().await else { continue };
        let lacks = pair.lacks();
        if lacks.is_empty() {
            continue;
        }
        let status = if lacks.iter().any(|scope| scope.is_needed_to_post()) { "fail" } else { "warn" };
        let detail = format!("@{name} did not let its app do all that was asked for: {}", told(&pair));
        checks.push(check("posts", status, detail, remedy(name)));
    }
    checks
}
