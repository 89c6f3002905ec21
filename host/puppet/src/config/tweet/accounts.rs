//! `[tweet.x.accounts]`: who posts on X, and how each signs.

use std::collections::BTreeMap;

use puppet_tweet::{Manner, ReplySettings};
use serde::Serialize;

use super::{Policy, XKey};
use crate::{
    config::{NO_SCRAPING, read::Section, settings::known},
    trouble::Result,
};

/// `[tweet.x.accounts.<name>]`: an account that agents post as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct XAccount {
    /// Whose keys it signs with; none: those of the only app that there is.
    pub app: Option<String>,
    /// How it signs.
    pub signs: XSigns,
    /// Its posts are labelled as made by a machine.
    pub made_with_ai: bool,
    /// And as paid for by somebody.
    pub paid_partnership: bool,
    /// Who may answer what it begins.
    pub reply_settings: Option<&'static str>,
    /// The id of the community in which what it begins appears.
    pub community: Option<String>,
    /// What holds for it in the place of `[tweet.policy]`.
    pub policy: Option<Policy>,
}

impl XAccount {
    /// What its posts carry beside their words.
    pub fn manner(&self) -> Manner {
        let reply_settings = ReplySettings::ALL.into_iter().find(|one| Some(one.name()) == self.reply_settings);
        let (made_with_ai, paid_partnership) = (self.made_with_ai, self.paid_partnership);
        Manner { made_with_ai, paid_partnership, reply_settings, community: self.community.clone() }
    }
}

/// How an account signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum XSigns {
    /// With a token of OAuth 2 as it is.
    Token(XKey),
    /// By OAuth 1.0a: its access token, and the secret of that.
    OAuth1(XKey, XKey),
    /// With the pair that `puppet x login` has put into the secrets.
    OAuth2,
}

/// Longest name of an account on X.
const NAME_CHARS: usize = 15;

/// Reads the section; `of_all` is `[tweet.policy]`.
pub(super) fn read(section: &Section<'_>, of_all: &Policy) -> Result<BTreeMap<String, XAccount>> {
    let mut found = BTreeMap::new();
    let Some((accounts, entries)) = section.named("accounts")? else { return Ok(found) };
    for entry in entries {
        let name = entry.name.as_str();
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !plain || !(1..=NAME_CHARS).contains(&name.len()) {
            let message = format!("expected an account: 1 to {NAME_CHARS} letters, digits and `_`");
            return Err(accounts.wrong(name, entry.line, message, "write it without `@`"));
        }
        if let Some(other) = found.keys().find(|other| other.eq_ignore_ascii_case(name)) {
            let message = format!("this is the account `{other}`: X takes no notice of case");
            return Err(accounts.wrong(name, entry.line, message, "keep one of them"));
        }
        if ["username", "password", "email"].iter().any(|key| entry.has(key)) {
            return Err(accounts.wrong(name, entry.line, NO_SCRAPING, ONE));
        }
        if ["token", "key", "secret", "access_secret"].iter().any(|key| entry.has(key)) {
            let message = "a token does not belong in this file";
            let remedy = "put it into the environment or `.env`, and name the variable: token_env = \"X_TOKEN\"";
            return Err(accounts.wrong(name, entry.line, message, remedy));
        }
        let Some(account) = accounts.section(name, &known("tweet.x.accounts.<name>"))? else { continue };
        let account = account.value;
        let app = account.text("app", "the name of one of [tweet.x.apps]")?.map(|found| found.value);
        let token = XKey::read(&account, "token")?;
        let keys = XKey::both(&account, ["access_token", "access_secret"], entry.line)?;
        let has_pair = account.boolean("oauth2")?.is_some_and(|found| found.value);
        let signs = match (token, keys, has_pair) {
            (Some(token), None, false) => XSigns::Token(token),
            (None, Some((token, secret)), false) => XSigns::OAuth1(token, secret),
            (None, None, true) => XSigns::OAuth2,
            (None, None, false) => return Err(accounts.wrong(name, entry.line, "names nothing to sign with", ONE)),
            _ => return Err(accounts.wrong(name, entry.line, "names more than one thing to sign with", ONE)),
        };
        let flag = |key: &str| account.boolean(key).map(|found| found.is_some_and(|found| found.value));
        let (made_with_ai, paid_partnership) = (flag("made_with_ai")?, flag("paid_partnership")?);
        let named = |text: &str| ReplySettings::ALL.map(ReplySettings::name).into_iter().find(|name| *name == text);
        let reply_settings = account.parsed("reply_settings", REPLY_SETTINGS, named)?.map(|found| found.value);
        let id = |text: &str| {
            let is_id = (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            is_id.then(|| text.to_owned())
        };
        let community = account.parsed("community", "the id of a community, in digits", id)?.map(|found| found.value);
        let policy = account.section("policy", &known("tweet.x.accounts.<name>.policy"))?;
        let policy = policy.map(|found| Policy::read(&found.value, of_all)).transpose()?;
        let account = XAccount { app, signs, made_with_ai, paid_partnership, reply_settings, community, policy };
        found.insert(entry.name.clone(), account);
    }
    Ok(found)
}

const REPLY_SETTINGS: &str = "`following`, `mentionedUsers`, `subscribers` or `verified`";

const ONE: &str =
    "set one of: token_…; access_token_… and access_secret_… (OAuth 1.0a); oauth2 = true (`puppet x login`)";
