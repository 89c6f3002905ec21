//! `doctor`: how far was listened for what is said to accounts on X.

use puppet_store::Store;

use super::{Check, check, turned_away};
use crate::{agents, config::TweetProvider, setup::Setup, trouble::Result};

/// Accounts that are named.
const NAMED: usize = 5;

/// `is_emulated`: by the host that runs here, whose accounts are its agents'.
pub(super) async fn mentions(setup: &Setup, is_emulated: bool, store: &dyn Store) -> Result<Option<Check>> {
    let x = &setup.config.tweet.x;
    if setup.config.tweet.provider != TweetProvider::X {
        return Ok(None);
    }
    if x.mentions.by.is_none() {
        let detail = "nobody hears on X: tweet.x.mentions.by is `none`";
        return Ok(Some(check("mentions", "warn", detail, "leave it out, and agents hear what is said to them")));
    }
    let heard = store.heard().await?;
    let emulated: Vec<String> = if is_emulated { agents::handles(store).await? } else { Vec::new() };
    let mut accounts: Vec<_> = x
        .accounts
        .keys()
        .chain(&emulated)
        .map(|name| {
            let of = |heard: &&puppet_store::Heard| heard.account.as_str().eq_ignore_ascii_case(name);
            (heard.iter().find(of).map(|heard| heard.at), name)
        })
        .collect();
    accounts.sort();
    let (status, remedy) = match accounts.first() {
        Some((None, name)) => (
            "warn",
            format!(
                "an account is heard from when a host runs that has an agent for it and @{name} is signed in: see `posts`"
            ),
        ),
        _ => ("ok", String::new()),
    };
    let told = accounts.iter().take(NAMED).map(|(at, name)| match at {
        Some(at) => format!("@{name} up to {at}"),
        None => format!("@{name} never"),
    });
    let told = told.collect::<Vec<_>>().join(", ");
    let rest = accounts.len().saturating_sub(NAMED);
    let rest = if rest > 0 { format!(", and {rest} more were heard later") } else { String::new() };
    let away = turned_away::told(setup).await.map_or_else(String::new, |told| format!("; {told}"));
    Ok(Some(check("mentions", status, format!("heard on X ({}): {told}{rest}{away}", x.mentions.way()), remedy)))
}
