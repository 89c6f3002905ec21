//! `doctor`: where posts go, and whether every agent may post there. Nothing is sent.

use puppet_packs::{AgentSpec, SecretsFile};

use super::{Check, NO_KEY, check};
use crate::{
    config::{TweetProvider, XAccount},
    credentials, records,
    setup::Setup,
};

pub(super) async fn posts(setup: &Setup) -> Vec<Check> {
    let tweet = &setup.config.tweet;
    if tweet.provider == TweetProvider::Local {
        return vec![check("posts", "ok", "they go to the local timeline: nothing leaves this machine", "")];
    }
    // What is wrong with secrets and with agents has a check of its own.
    let secrets = credentials::secrets(setup).ok();
    let agents = records::all_agents(setup).await.unwrap_or_default();
    let accounts = &tweet.x.accounts;
    let mut checks = vec![check("posts", "ok", format!("they go to X at {}", tweet.x.endpoint), "")];
    checks.extend(accounts.iter().map(|(name, account)| of_account(setup, secrets.as_ref(), name, account)));
    let has_account = |spec: &AgentSpec| accounts.keys().any(|name| name.eq_ignore_ascii_case(&spec.handle));
    checks.extend(agents.iter().filter(|spec| !has_account(spec)).map(|spec| {
        let handle = &spec.handle;
        let detail = format!("{} posts as @{handle}, which has no token for X", spec.id);
        let remedy = format!("name it in [tweet.x.accounts.{handle}]: until then whatever it posts is refused");
        check("posts", "fail", detail, remedy)
    }));
    checks
}

fn of_account(setup: &Setup, secrets: Option<&SecretsFile>, name: &str, account: &XAccount) -> Check {
    let (source, token) = (&account.token_source, account.token.as_ref());
    let is_set = secrets.map_or(token.is_some(), |secrets| credentials::is_set(setup, secrets, source, token));
    match is_set {
        true => check("posts", "ok", format!("@{name} has a token"), ""),
        false => check("posts", "warn", format!("the token of @{name} is not set"), NO_KEY),
    }
}
