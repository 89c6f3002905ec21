//! `x status`: the accounts, and how each signs. X is not asked: `doctor` does.

use puppet_tweet::{TokenPair, TokenStore as _};
use puppet_types::Timestamp;
use serde::Serialize;

use super::scopes;
use crate::{
    config::{XAccount, XSigns},
    credentials, networks,
    output::{List, Output, Table},
    setup::Setup,
    tokens::Tokens,
    trouble::{Result, Trouble},
};

#[derive(Serialize)]
struct Row {
    account: String,
    /// Null where its token is nobody's.
    app: Option<String>,
    /// `oauth1`, `oauth2` or `token`.
    signs: &'static str,
    /// `ready`, `missing`, `signed-out`, `ended`, `interrupted` or `lacking`.
    state: &'static str,
    /// What is not set; null where nothing is missing.
    missing: Option<String>,
    /// Of a pair: when its access token ends. Null elsewhere.
    expires_at: Option<Timestamp>,
    /// Of a pair: whether it is renewed. Null elsewhere.
    renews: Option<bool>,
    scope: Option<String>,
    /// Of a pair: the scopes that were asked for and not given.
    lacks: Vec<&'static str>,
}

/// Runs it.
pub async fn run(setup: &Setup, out: Output) -> Result<()> {
    let secrets = credentials::secrets(setup)?;
    let mut items = Vec::new();
    for (name, account) in &setup.config.tweet.x.accounts {
        let missing = networks::signs((setup, &secrets), name, account)?.err();
        let pair = match account.signs {
            XSigns::OAuth2 => pair(setup, name).await?,
            _ => None,
        };
        if let Some(pair) = &pair {
            scopes::lacking(name, pair, out);
        }
        items.push(row(setup, (name, account), missing, pair));
    }
    if out.json {
        return out.object(&List { schema: "puppet.x-accounts/1", items, next: None });
    }
    if items.is_empty() {
        return out.line("no account of X is named: [tweet.x.accounts] in puppet.toml");
    }
    let mut table = Table::new(&["account", "app", "signs", "state", "until"]);
    for Row { account, app, signs, state, missing, expires_at, lacks, .. } in items {
        let state = match missing {
            Some(missing) => format!("{state}: {missing} is not set"),
            None if state == "lacking" => format!("{state}: {}", lacks.join(", ")),
            None => state.to_owned(),
        };
        let until = expires_at.map_or(String::new(), |at| at.to_string());
        table.row([format!("@{account}"), app.unwrap_or_default(), signs.to_owned(), state, until]);
    }
    table.print(out)
}

async fn pair(setup: &Setup, name: &str) -> Result<Option<TokenPair>> {
    let loaded = Tokens::of(setup, name)?.load().await;
    loaded.map_err(|why| Trouble::unreachable("secrets", why, "sign in again: `puppet x login` writes it anew"))
}

fn row(setup: &Setup, (name, account): (&str, &XAccount), missing: Option<String>, pair: Option<TokenPair>) -> Row {
    let app = setup.config.tweet.x.app_of(account).map(|(app, _)| app.to_owned());
    let (signs, state) = match &account.signs {
        _ if missing.is_some() => (word(&account.signs), "missing"),
        XSigns::OAuth2 => ("oauth2", state(pair.as_ref())),
        other => (word(other), "ready"),
    };
    let app = app.filter(|_| !matches!(account.signs, XSigns::Token(_)));
    Row {
        account: name.to_owned(),
        app,
        signs,
        state,
        missing,
        expires_at: pair.as_ref().map(|pair| pair.expires),
        renews: pair.as_ref().map(|pair| pair.refresh.is_some()),
        lacks: pair.as_ref().map(scopes::names).unwrap_or_default(),
        scope: pair.map(|pair| pair.scope),
    }
}

/// A pair whose renewal was begun and whose end nobody saw may be worth nothing.
fn state(pair: Option<&TokenPair>) -> &'static str {
    match pair {
        None => "signed-out",
        Some(pair) if pair.asked.is_some() => "interrupted",
        Some(pair) if pair.refresh.is_none() && pair.expires <= Timestamp::from_system() => "ended",
        Some(pair) if !pair.lacks().is_empty() => "lacking",
        Some(_) => "ready",
    }
}

fn word(signs: &XSigns) -> &'static str {
    match signs {
        XSigns::Token(_) => "token",
        XSigns::OAuth1(..) => "oauth1",
        XSigns::OAuth2 => "oauth2",
    }
}
