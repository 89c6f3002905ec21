//! Who hears of new posts: whoever is addressed gets a `mention`, followers a `timeline_post`.

use std::collections::{BTreeMap, BTreeSet};

use puppet_store::Post;
use puppet_types::AccountId;
use serde_json::json;

use crate::{Accounts, Delivery, order::told};

/// One delivery per account at most, by account; a mention wins. `addressed` wrote the post that is answered
/// or quoted.
pub(super) fn deliveries(
    accounts: &Accounts,
    posts: &[Post],
    addressed: Option<&AccountId>,
    hops: u32,
) -> Vec<Delivery> {
    let Some(first) = posts.first() else { return Vec::new() };
    let mut heard: BTreeMap<AccountId, (&Post, &str)> = BTreeMap::new();
    if first.in_reply_to.is_none() {
        heard.extend(accounts.followers(&first.author).into_iter().map(|account| (account, (first, "timeline_post"))));
    }
    let mut mentioned: BTreeSet<AccountId> = BTreeSet::new();
    let addressed = addressed.and_then(|account| accounts.find(account.as_str()));
    for post in posts {
        let named = handles(accounts, &post.text);
        for account in addressed.iter().filter(|_| post.id == first.id).cloned().chain(named) {
            if mentioned.insert(account.clone()) {
                heard.insert(account, (post, "mention"));
            }
        }
    }
    heard.retain(|account, _| !account.as_str().eq_ignore_ascii_case(first.author.as_str()));
    let from_agent = accounts.agent(&first.author);
    heard
        .into_iter()
        .map(|(account, (post, kind))| Delivery {
            account,
            kind: kind.to_owned(),
            author: post.author.to_string(),
            payload: json!({ "post": told(post), "from_agent": from_agent }),
            hops: hops.saturating_add(1),
        })
        .collect()
}

/// The accounts a text names with `@`, in order. An account's name may hold `-` and `.`: the longest known
/// name wins, so a full stop after it does no harm.
pub fn handles(accounts: &Accounts, text: &str) -> Vec<AccountId> {
    let mut found = Vec::new();
    let mut previous = None;
    for (at, c) in text.char_indices() {
        // `a@b.example` is an address.
        let begins = !previous.replace(c).is_some_and(|p: char| p.is_ascii_alphanumeric() || "_!#$%&*@＠".contains(p));
        if begins && matches!(c, '@' | '＠') {
            found.extend(known_name(accounts, &text[at + c.len_utf8()..]));
        }
    }
    found
}

fn known_name(accounts: &Accounts, text: &str) -> Option<AccountId> {
    let run = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.')).unwrap_or(text.len());
    // `@ada@example` is an address elsewhere.
    if text[run..].starts_with(['@', '＠']) {
        return None;
    }
    let mut name = &text[..run];
    loop {
        if let Some(account) = accounts.find(name) {
            return Some(account);
        }
        name = &name[..name.rfind(['-', '.'])?];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_found_in_texts() {
        let accounts = Accounts::default();
        for name in ["ada", "bob_2", "news-bot", "news", "v1.5"] {
            accounts.put(name.into(), name.into());
        }
        let cases: [(&str, &[&str]); 14] = [
            ("@ada hello", &["ada"]),
            ("hello (@ADA), and @Bob_2!", &["ada", "bob_2"]),
            ("thanks @ada.", &["ada"]),
            ("thanks @ada...", &["ada"]),
            ("@news-bot @news-desk @news", &["news-bot", "news", "news"]),
            ("@v1.5.", &["v1.5"]),
            ("mail ada@ada.example", &[]),
            ("@ada@example.social", &[]),
            ("@adam @nobody", &[]),
            ("@@ada", &[]),
            ("日本@ada", &["ada"]),
            ("＠ada", &["ada"]),
            ("@", &[]),
            ("@-", &[]),
        ];
        for (text, expected) in cases {
            let found = handles(&accounts, text);
            assert_eq!(found.iter().map(AccountId::as_str).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
