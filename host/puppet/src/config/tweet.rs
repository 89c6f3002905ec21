//! `[tweet]`: where posts go. On X each account has a token of its own.

use std::collections::BTreeMap;

use puppet_tweet::XSettings;
use serde::Serialize;

use super::{
    KeySource, Secret, key_source,
    load::{BASE_URL, base_url},
    read::Section,
    settings::known,
    suggest,
};
use crate::trouble::Result;

/// `[tweet]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tweet {
    /// Where posts go.
    pub provider: TweetProvider,
    /// `[tweet.x]`.
    pub x: X,
}

/// Where posts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TweetProvider {
    /// To the timeline in the store.
    #[default]
    Local,
    /// To X.
    X,
}

impl TweetProvider {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Local, Self::X];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::X => "x",
        }
    }
}

/// `[tweet.x]`: where X is, and who posts there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct X {
    /// X's own address, or that of what stands for it.
    pub endpoint: String,
    /// Time for one request.
    pub timeout_ms: u64,
    /// So long after a request has ended its post may still appear.
    pub settle_ms: u64,
    /// By account.
    pub accounts: BTreeMap<String, XAccount>,
}

impl Default for X {
    fn default() -> Self {
        Self {
            endpoint: XSettings::ENDPOINT.to_owned(),
            timeout_ms: XSettings::TIMEOUT_MS,
            settle_ms: XSettings::SETTLE_MS,
            accounts: BTreeMap::new(),
        }
    }
}

/// `[tweet.x.accounts.<name>]`: an account that agents post as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct XAccount {
    /// Where its token is.
    pub token_source: KeySource,
    /// The token, where it came from the environment; others are resolved when a host starts.
    pub token: Option<Secret>,
}

/// Longest name of an account on X.
const NAME_CHARS: usize = 15;

impl Tweet {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut tweet = Self::default();
        if let Some(found) = section.text("provider", "`local` or `x`")? {
            let named = TweetProvider::ALL.into_iter().find(|provider| provider.name() == found.value);
            tweet.provider = named.ok_or_else(|| {
                let remedy = suggest::remedy(&found.value, &TweetProvider::ALL.map(TweetProvider::name));
                section.wrong("provider", found.line, format!("`{}` is no such word", found.value), remedy)
            })?;
        }
        if let Some(x) = section.section("x", &known("tweet.x"))? {
            tweet.x.read(&x.value)?;
        }
        Ok(tweet)
    }
}

impl X {
    fn read(&mut self, section: &Section<'_>) -> Result<()> {
        if let Some(endpoint) = section.parsed("endpoint", BASE_URL, base_url)? {
            self.endpoint = endpoint.value;
        }
        if let Some(timeout) = section.integer("timeout_ms", 100..=600_000)? {
            self.timeout_ms = timeout.value;
        }
        if let Some(settle) = section.integer("settle_ms", 0..=600_000)? {
            self.settle_ms = settle.value;
        }
        let Some((accounts, entries)) = section.named("accounts")? else { return Ok(()) };
        for entry in entries {
            let name = entry.name.as_str();
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !plain || !(1..=NAME_CHARS).contains(&name.len()) {
                let message = format!("expected an account: 1 to {NAME_CHARS} letters, digits and `_`");
                return Err(accounts.wrong(name, entry.line, message, "write it without `@`"));
            }
            if let Some(other) = self.accounts.keys().find(|other| other.eq_ignore_ascii_case(name)) {
                let message = format!("this is the account `{other}`: X takes no notice of case");
                return Err(accounts.wrong(name, entry.line, message, "keep one of them"));
            }
            if ["token", "key", "secret", "password"].iter().any(|key| entry.has(key)) {
                let message = "a token does not belong in this file";
                let remedy = "put it into the environment or `.env`, and name the variable: token_env = \"X_TOKEN\"";
                return Err(accounts.wrong(name, entry.line, message, remedy));
            }
            let Some(account) = accounts.section(name, &known("tweet.x.accounts.<name>"))? else { continue };
            let token_source = key_source::read(&account.value, "token")?.ok_or_else(|| {
                let remedy = "set token_env, token_secret or token_credential";
                accounts.wrong(name, entry.line, "names no token", remedy)
            })?;
            self.accounts.insert(entry.name.clone(), XAccount { token_source, token: None });
        }
        Ok(())
    }
}
