//! What several agents share: those that post as one account, and all of a host. `puppet grants set @news-bot …` and
//! `puppet grants set host …` change it, `revoke` takes it out, `puppet grants show` says it in words.

use std::collections::BTreeMap;

use puppet_grants::{Amount, Limits, Period};
use puppet_types::{AccountId, Capability};

use super::{edit::Draft, words};
use crate::{
    control::{self, Request},
    grants::Grants,
    output::Output,
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Who shares.
pub enum Among {
    /// All that post as it.
    Account(AccountId),
    /// Everybody.
    Host,
}

impl Among {
    /// `@handle`, or `host`; none for the id of a pack.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('@') {
            Some(handle) => Some(Self::Account(AccountId::new(handle))),
            None => (text == "host").then_some(Self::Host),
        }
    }
}

/// Changes amounts that are shared, and tells a host that runs.
pub async fn set(setup: &Setup, among: &Among, changes: &[String], out: Output) -> Result<()> {
    if changes.is_empty() {
        let remedy = "name what is to change: `puppet grants set @news-bot tweet.posts/hour=4`, or `puppet grants set host \
                      llm.usd/day=5`; a mode, an end and agents belong to packs";
        return Err(Trouble::input("bad-value", "nothing is to be changed", remedy));
    }
    if let Among::Account(account) = among {
        known(setup, account).await?;
    }
    let mut draft = Draft::open(setup)?;
    for change in changes {
        draft.set_shared(among, change)?;
    }
    changed(setup, draft, out).await
}

/// Takes bounds out, of one capability or all, and tells a host that runs.
pub async fn revoke(setup: &Setup, among: &Among, capability: Option<Capability>, out: Output) -> Result<()> {
    let mut draft = Draft::open(setup)?;
    draft.revoke_shared(among, capability)?;
    changed(setup, draft, out).await
}

/// A slip in the name would bound nobody.
async fn known(setup: &Setup, account: &AccountId) -> Result<()> {
    let handles: Vec<String> = records::all_agents(setup).await?.into_iter().map(|spec| spec.handle).collect();
    if handles.iter().any(|handle| handle == account.as_str()) {
        return Ok(());
    }
    let handles: Vec<&str> = handles.iter().map(String::as_str).collect();
    let message = format!("nobody posts as `@{account}` here");
    Err(Trouble::input("unknown-account", message, crate::config::remedy(account.as_str(), &handles)))
}

async fn changed(setup: &Setup, draft: Draft, out: Output) -> Result<()> {
    let _changing = draft.save(setup)?;
    control::ask(setup, &Request::Regrant).await?;
    let grants = Grants::of(setup)?;
    if out.json { out.object(&json(&grants)) } else { print(&grants, out) }
}

/// What is said of accounts and of the host: `puppet.shared-grants/1`.
pub fn json(grants: &Grants) -> serde_json::Value {
    let (accounts, host) = grants.said_of_all();
    let rows = |limits: &Limits| -> Vec<serde_json::Value> {
        let row = |(capability, (amount, period), limit): (Capability, (Amount, Period), u64)| {
            serde_json::json!({
                "capability": capability.name(), "amount": amount.name(), "unit": amount.unit(),
                "period": period.name(), "limit": limit,
            })
        };
        one_by_one(limits).map(row).collect()
    };
    let accounts: BTreeMap<&str, _> = accounts.iter().map(|(id, limits)| (id.as_str(), rows(limits))).collect();
    serde_json::json!({ "schema": "puppet.shared-grants/1", "accounts": accounts, "host": rows(&host) })
}

/// In words; nothing where nothing is said.
pub fn print(grants: &Grants, out: Output) -> Result<()> {
    let (accounts, host) = grants.said_of_all();
    for (account, limits) in &accounts {
        out.line(format!("{}  {}", out.bold(format!("@{account}")), out.dim("all that post as it, together")))?;
        said(limits, out)?;
    }
    if !host.is_empty() {
        out.line(format!("{}  {}", out.bold("host"), out.dim("all agents together")))?;
        said(&host, out)?;
    }
    Ok(())
}

fn said(limits: &Limits, out: Output) -> Result<()> {
    one_by_one(limits)
        .map(|(capability, key, limit)| words::plain((capability, &[]), Some(key), limit, &[]))
        .try_for_each(|plain| out.line(format!("  {plain}")))
}

fn one_by_one(limits: &Limits) -> impl Iterator<Item = (Capability, (Amount, Period), u64)> {
    limits.iter().flat_map(|(capability, amounts)| amounts.iter().map(|(key, limit)| (*capability, *key, *limit)))
}
