//! `x`: who signs in to X, and how.

mod listen;
mod login;
mod logout;
pub mod scopes;
mod status;

use puppet_tweet::OAuthApp;
use serde_json::Value;

use crate::{
    cli::XCommand,
    config::{XAccount, XSigns, remedy},
    control::{self, Request},
    credentials, networks,
    output::Output,
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, command: &XCommand, out: Output) -> Result<()> {
    match command {
        XCommand::Login(args) => login::run(setup, args, out).await,
        XCommand::Status => status::run(setup, out).await,
        XCommand::Logout { who } => logout::run(setup, who, out).await,
    }
}

/// An account of the configuration: by its name, or by that of an agent that posts as it.
async fn account<'s>(setup: &'s Setup, who: &str) -> Result<(&'s str, &'s XAccount)> {
    let accounts = &setup.config.tweet.x.accounts;
    let find = |name: &str| accounts.iter().find(|(account, _)| account.eq_ignore_ascii_case(name));
    let who = who.trim_start_matches('@');
    let mut found = find(who);
    let mut handle = None;
    if found.is_none() {
        handle =
            records::all_agents(setup).await?.into_iter().find(|spec| spec.id.as_str() == who).map(|spec| spec.handle);
        found = handle.as_deref().and_then(find);
    }
    found.map(|(name, account)| (name.as_str(), account)).ok_or_else(|| match handle {
        Some(handle) => {
            let message = format!("{who} posts as @{handle}, which is no account of the configuration");
            let remedy = format!("write [tweet.x.accounts.{handle}] and below it oauth2 = true");
            Trouble::input("unknown-account", message, remedy)
        }
        None => {
            let known: Vec<&str> = accounts.keys().map(String::as_str).collect();
            let message = format!("`{who}` is neither an account of [tweet.x.accounts] nor an agent");
            Trouble::input("unknown-account", message, remedy(who, &known))
        }
    })
}

/// The app in whose name an account signs in, and what it is called.
fn app<'s>(setup: &'s Setup, name: &str, account: &XAccount) -> Result<(&'s str, OAuthApp)> {
    let key = format!("tweet.x.accounts.{name}");
    if account.signs != XSigns::OAuth2 {
        let message = format!("@{name} signs with keys that the configuration names: there is nothing to sign in to");
        return Err(setup.config.bad_value(&key, message, "set oauth2 = true there in their place"));
    }
    let found = setup.config.tweet.x.app_of(account);
    let (app, found) = found.ok_or_else(|| Trouble::internal("an account without an app was read"))?;
    let secrets = credentials::secrets(setup)?;
    match networks::of_app((setup, &secrets), found)? {
        Ok(known) => Ok((app, known)),
        Err(wanted) => {
            let message = format!("the app `{app}` cannot sign anybody in: {wanted} is not set");
            Err(Trouble::input("missing-key", message, "set it, or leave out client_secret_… for a public client"))
        }
    }
}

/// Lets the host of this data folder look at the account again. Answers what it says for people; none where none runs.
async fn told(setup: &Setup, account: &str) -> Result<Option<String>> {
    let answer = control::ask(setup, &Request::CheckAccount { account: account.to_owned() }).await?;
    Ok(answer.map(|answer| match answer {
        Value::String(fault) => fault,
        _ => format!("the host that runs here posts as @{account} from now on"),
    }))
}
