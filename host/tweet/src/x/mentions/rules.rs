//! The rules by which an app's stream tells of mentions: one per account, named by its tag. Rules of anybody else, and
//! those of other accounts, are left as they are: a stream is shared by whoever has the app.

use std::collections::{BTreeMap, BTreeSet};

use puppet_types::AccountId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{X, auth::Identity, opening::Unopened};
use crate::PublishError;

/// What tags of ours begin with.
const TAG: &str = "puppet:";
pub(in crate::x) const PATH: [&str; 5] = ["2", "tweets", "search", "stream", "rules"];
/// Rules that are added or removed at once.
const AT_ONCE: usize = 25;
/// Pages of rules that are read: a thousand each.
const PAGES: usize = 10;

#[derive(Debug, Clone, Deserialize)]
struct Rule {
    id: String,
    value: String,
    #[serde(default)]
    tag: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Rules {
    #[serde(default)]
    data: Vec<Rule>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Debug, Default, Deserialize)]
struct Meta {
    #[serde(default)]
    next_token: Option<String>,
}

/// What is to be done, so that the rules are those of these accounts.
#[derive(Debug, Default, PartialEq)]
struct Change {
    remove: Vec<String>,
    add: Vec<AccountId>,
    /// Those that have theirs.
    covered: BTreeSet<AccountId>,
}

/// What tells of mentions of an account.
fn value(account: &AccountId) -> String {
    format!("@{account} -from:{account} -is:retweet")
}

/// The account that a tag names.
pub(super) fn of_tag(tag: &str) -> Option<AccountId> {
    tag.strip_prefix(TAG).map(|name| AccountId::new(name.to_ascii_lowercase()))
}

/// `ours`: all accounts of this host; `wanted`: those of them that are to be heard.
fn change(rules: &[Rule], ours: &BTreeSet<AccountId>, wanted: &BTreeSet<AccountId>) -> Change {
    let mut change = Change::default();
    for rule in rules {
        let Some(account) = rule.tag.as_deref().and_then(of_tag).filter(|account| ours.contains(account)) else {
            continue;
        };
        let is_right = wanted.contains(&account) && rule.value == value(&account);
        if !is_right || !change.covered.insert(account) {
            change.remove.push(rule.id.clone());
        }
    }
    change.add = wanted.difference(&change.covered).cloned().collect();
    change
}

impl X {
    /// Makes the rules of an app those of the accounts that are wanted. Answers the accounts that have theirs: X takes no
    /// more than the plan has room for.
    pub(super) async fn rules(
        &self,
        who: &Identity,
        ours: &BTreeSet<AccountId>,
        wanted: &BTreeSet<AccountId>,
    ) -> Result<BTreeSet<AccountId>, Unopened> {
        let change = change(&self.rules_there(who).await?, ours, wanted);
        for ids in change.remove.chunks(AT_ONCE) {
            self.client.write::<Value>(Method::POST, &PATH, Some(&json!({ "delete": { "ids": ids } })), who).await?;
        }
        if change.add.is_empty() {
            return Ok(change.covered);
        }
        let (mut rest, mut size, mut refused) = (&change.add[..], AT_ONCE, None);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(size.min(rest.len()));
            let rule = |account: &AccountId| json!({ "value": value(account), "tag": format!("{TAG}{account}") });
            let body = json!({ "add": now.iter().map(rule).collect::<Vec<_>>() });
            match self.client.write::<Value>(Method::POST, &PATH, Some(&body), who).await {
                Ok(_) => rest = later,
                // There may be room for fewer. Those that have theirs are heard so, the others are asked for.
                Err(PublishError::Refused(words) | PublishError::NotAllowed(words)) => {
                    refused = Some(words);
                    size = now.len() / 2;
                    if size == 0 {
                        break;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        // Of a part that X did not take it tells in many ways; what is there then is what counts.
        let covered = self::change(&self.rules_there(who).await?, ours, wanted).covered;
        if covered.len() < wanted.len() {
            let (app, left) = (who.name(), wanted.len() - covered.len());
            tracing::warn!(
                app,
                left,
                words = refused,
                "X has no room for more rules: the other accounts are asked for"
            );
        }
        Ok(covered)
    }

    async fn rules_there(&self, who: &Identity) -> Result<Vec<Rule>, Unopened> {
        let mut rules = BTreeMap::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let query: Vec<(&str, &str)> =
                token.as_deref().map(|token| ("pagination_token", token)).into_iter().collect();
            let page: Rules = self.client.read_of_stream(&PATH, &query, who).await?;
            rules.extend(page.data.into_iter().map(|rule| (rule.id.clone(), rule)));
            token = page.meta.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(rules.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, value: &str, tag: Option<&str>) -> Rule {
        Rule { id: id.into(), value: value.into(), tag: tag.map(Into::into) }
    }

    fn names(names: &[&str]) -> BTreeSet<AccountId> {
        names.iter().map(AccountId::new).collect()
    }

    #[test]
    fn rules_change_by_tag_and_others_stay() {
        let rules = [
            rule("1", "cats has:media", None),
            rule("2", "cats", Some("puppet")),
            rule("3", &value(&"ada".into()), Some("puppet:Ada")),
            rule("4", &value(&"ada".into()), Some("puppet:ada")),
            rule("5", "@bob", Some("puppet:bob")),
            rule("6", &value(&"eve".into()), Some("puppet:eve")),
            rule("7", &value(&"zoe".into()), Some("puppet:zoe")),
        ];
        let change = change(&rules, &names(&["ada", "bob", "cy", "eve"]), &names(&["ada", "bob", "cy"]));
        let expected = Change {
            // A second of its own, one with other words, one that nobody is behind.
            remove: vec!["4".into(), "5".into(), "6".into()],
            add: vec!["bob".into(), "cy".into()],
            covered: names(&["ada"]),
        };
        assert_eq!(change, expected);
    }
}
