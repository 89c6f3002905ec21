//! `doctor`: where posts go, and whether every agent may post there. X is asked whose each account's signature is; nothing is
//! posted.

use std::collections::BTreeMap;

use futures::future::join_all;
use puppet_packs::{AgentSpec, SecretsFile};
use puppet_tweet::{PublishError, SignInFault};
use puppet_types::AccountId;

use super::{Check, NO_KEY, check, of_trouble};
use crate::{
    config::{TweetProvider, XAccount, XSigns},
    credentials, networks, records,
    setup::Setup,
};

/// Clocks closer than this are one.
const CLOCKS_APART_MS: i64 = 60_000;

pub(super) async fn posts(setup: &Setup) -> Vec<Check> {
    let tweet = &setup.config.tweet;
    if tweet.provider == TweetProvider::Local {
        return vec![check("posts", "ok", "they go to the local timeline: nothing leaves this machine", "")];
    }
    let agents = records::all_agents(setup).await.unwrap_or_default();
    let accounts = &tweet.x.accounts;
    let mut checks = vec![check("posts", "ok", format!("they go to X at {}", tweet.x.endpoint), "")];
    // What is wrong with secrets and with agents has a check of its own.
    if let Ok(secrets) = credentials::secrets(setup) {
        checks
            .extend(join_all(accounts.iter().map(|(name, account)| of_account(setup, &secrets, name, account))).await);
    }
    let has_account = |spec: &AgentSpec| accounts.keys().any(|name| name.eq_ignore_ascii_case(&spec.handle));
    checks.extend(agents.iter().filter(|spec| !has_account(spec)).map(|spec| {
        let handle = &spec.handle;
        let detail = format!("{} posts as @{handle}, which has no token for X", spec.id);
        let remedy = format!("name it in [tweet.x.accounts.{handle}]: until then whatever it posts is refused");
        check("posts", "fail", detail, remedy)
    }));
    checks
}

/// Asks X.
async fn of_account(setup: &Setup, secrets: &SecretsFile, name: &str, account: &XAccount) -> Check {
    let sign = match networks::signs((setup, secrets), name, account) {
        Ok(Ok(sign)) => sign,
        Ok(Err(wanted)) => {
            return check("posts", "warn", format!("@{name} posts nothing: {wanted} is not set"), NO_KEY);
        }
        Err(trouble) => return of_trouble("posts", "fail", &trouble),
    };
    let id = AccountId::new(name);
    let x = match networks::made(setup, BTreeMap::from([(id.clone(), sign)]), BTreeMap::new()) {
        Ok(x) => x,
        Err(trouble) => return of_trouble("posts", "fail", &trouble),
    };
    match x.check(&id).await {
        Ok(ahead_ms) if ahead_ms.abs() >= CLOCKS_APART_MS => {
            let which = if ahead_ms > 0 { "behind" } else { "ahead of" };
            let apart = ahead_ms.abs() / 1_000;
            let detail = format!("X knows @{name}; the clock of this machine is {apart} s {which} that of X");
            check("posts", "warn", detail, SignInFault::ClockSkew(None).remedy(name))
        }
        Ok(_) => check("posts", "ok", format!("X knows @{name}, which signs {}", how(&account.signs)), ""),
        Err(fault) => {
            let status = if is_busy(&fault) { "warn" } else { "fail" };
            check("posts", status, format!("@{name}: {fault}"), fault.remedy(name))
        }
    }
}

/// Nothing is wrong here.
fn is_busy(fault: &SignInFault) -> bool {
    matches!(fault, SignInFault::Answer(PublishError::RateLimited { .. }))
}

fn how(signs: &XSigns) -> &'static str {
    match signs {
        XSigns::Token(_) => "with a token that nobody renews",
        XSigns::OAuth1(..) => "by OAuth 1.0a",
        XSigns::OAuth2 => "by OAuth 2",
    }
}
