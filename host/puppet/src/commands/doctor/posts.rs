//! `doctor`: where posts go, and whether every agent may post there. X is asked whose each account's signature is; nothing is
//! posted.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use puppet_packs::{AgentSpec, SecretsFile};
use puppet_tweet::SignInFault;
use puppet_types::AccountId;

use super::{Check, NO_KEY, apps, check, of_trouble};
use crate::{
    config::{TweetProvider, XAccount, XSigns},
    control::{self, Request},
    credentials, networks, records,
    setup::Setup,
};

/// For a host to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Clocks closer than this are one.
const CLOCKS_APART_MS: i64 = 60_000;

/// `is_emulated`: by the host that runs here, whose accounts are its agents'.
pub(super) async fn posts(setup: &Setup, is_emulated: bool) -> Vec<Check> {
    let tweet = &setup.config.tweet;
    if tweet.provider == TweetProvider::Local {
        return vec![check("posts", "ok", "they go to the local timeline: nothing leaves this machine", "")];
    }
    let agents = records::all_agents(setup).await.unwrap_or_default();
    let accounts = &tweet.x.accounts;
    // What is wrong with the address is wrong for everybody.
    if let Err(trouble) = networks::made(setup, BTreeMap::new(), BTreeMap::new()) {
        return vec![of_trouble("posts", "fail", &trouble)];
    }
    let in_host = in_host(setup).await;
    let what = if is_emulated { "the emulated X" } else { "X" };
    let mut checks = vec![check("posts", "ok", format!("they go to {what} at {}", tweet.x.endpoint), "")];
    // What is wrong with secrets and with agents has a check of its own.
    if let Ok(secrets) = credentials::secrets(setup) {
        checks.extend(
            join_all(accounts.iter().map(|(name, account)| {
                let posts = agents.iter().any(|spec| spec.handle.eq_ignore_ascii_case(name));
                of_account((setup, &secrets), (name, account), posts)
            }))
            .await,
        );
        checks.extend(apps::apps(setup, &secrets).await);
    }
    let has_account = |spec: &AgentSpec| accounts.keys().any(|name| name.eq_ignore_ascii_case(&spec.handle));
    checks.extend(agents.iter().filter(|spec| !is_emulated && !has_account(spec)).map(|spec| {
        let handle = &spec.handle;
        let detail = format!("{} posts as @{handle}, which has no token for X", spec.id);
        let remedy = format!("name it in [tweet.x.accounts.{handle}]: until then whatever it posts waits");
        check("posts", "fail", detail, remedy)
    }));
    // A host has the accounts of its start.
    let unknown = |spec: &&AgentSpec| {
        let knows = |known: &Vec<AccountId>| known.iter().any(|one| one.as_str().eq_ignore_ascii_case(&spec.handle));
        (is_emulated || has_account(spec)) && in_host.as_ref().is_some_and(|known| !knows(known))
    };
    checks.extend(agents.iter().filter(unknown).map(|spec| {
        let detail = format!("{} posts as @{}, which the host that runs here does not know", spec.id, spec.handle);
        check("posts", "fail", detail, "start it again: until then whatever it posts waits")
    }));
    if is_emulated && checks.len() == 1 {
        checks.push(check("posts", "ok", "every agent has its account there", ""));
    }
    checks
}

/// The accounts of the host that runs here; none where none does, or it posts elsewhere.
async fn in_host(setup: &Setup) -> Option<Vec<AccountId>> {
    let answer = tokio::time::timeout(ANSWER, control::ask(setup, &Request::XAccounts)).await;
    let answer = answer.ok()?.ok()??;
    serde_json::from_value::<Option<Vec<AccountId>>>(answer).ok()?
}

/// Asks X. `posts`: an agent posts as it, so that what it lacks keeps posts back.
async fn of_account(
    (setup, secrets): (&Setup, &SecretsFile),
    (name, account): (&str, &XAccount),
    posts: bool,
) -> Check {
    let sign = match networks::signs((setup, secrets), name, account) {
        Ok(Ok(sign)) => sign,
        Ok(Err(wanted)) => {
            let status = if posts { "fail" } else { "warn" };
            return check("posts", status, format!("@{name} posts nothing: {wanted} is not set"), NO_KEY);
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
            let status = if fault.passes() { "warn" } else { "fail" };
            check("posts", status, format!("@{name}: {fault}"), fault.remedy(name))
        }
    }
}

fn how(signs: &XSigns) -> &'static str {
    match signs {
        XSigns::Token(_) => "with a token that nobody renews",
        XSigns::OAuth1(..) => "by OAuth 1.0a",
        XSigns::OAuth2 => "by OAuth 2",
    }
}
