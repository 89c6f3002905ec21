//! `[tweet]`: where posts go. Who posts on X: `accounts`; in the name of which apps: `apps`.

mod accounts;
mod apps;
mod keys;
mod mentions;
mod plan;
mod policy;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use puppet_tweet::{XSettings, policy::PostingRules};
use puppet_types::AccountId;
use serde::Serialize;

use super::{
    load::{BASE_URL, base_url},
    read::Section,
    settings::known,
    suggest,
};
use crate::trouble::Result;

pub use accounts::{XAccount, XSigns};
#[cfg(test)]
use apps::REDIRECT;
pub use apps::XApp;
pub use keys::{NamedKey, XKey};
pub use mentions::Mentions;
pub use plan::{Plan, XPrices};
pub use policy::Policy;

/// `[tweet]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tweet {
    /// Where posts go.
    pub provider: TweetProvider,
    /// `[tweet.x]`.
    pub x: X,
    /// `[tweet.policy]`.
    pub policy: Policy,
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
    /// By name.
    pub apps: BTreeMap<String, XApp>,
    /// By account.
    pub accounts: BTreeMap<String, XAccount>,
    /// `[tweet.x.mentions]`.
    pub mentions: Mentions,
    /// `[tweet.x.plan]`.
    pub plan: Plan,
    /// `[tweet.x.prices]`.
    pub prices: XPrices,
}

impl Default for X {
    fn default() -> Self {
        Self {
            endpoint: XSettings::ENDPOINT.to_owned(),
            timeout_ms: XSettings::TIMEOUT_MS,
            settle_ms: XSettings::SETTLE_MS,
            apps: BTreeMap::new(),
            accounts: BTreeMap::new(),
            mentions: Mentions::default(),
            plan: Plan::default(),
            prices: XPrices::default(),
        }
    }
}

impl Tweet {
    /// What holds for everything that leaves for X.
    pub fn posting_rules(&self) -> PostingRules {
        let accounts = self.x.accounts.iter();
        let accounts = accounts.filter_map(|(name, of)| Some((name.to_ascii_lowercase(), of.policy.as_ref()?.rules())));
        let (platform, policy) = (self.x.plan.rules(), self.policy.rules());
        PostingRules { platform, policy, accounts: accounts.collect() }
    }

    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut tweet = Self::default();
        if let Some(found) = section.text("provider", "`local` or `x`")? {
            let named = TweetProvider::ALL.into_iter().find(|provider| provider.name() == found.value);
            tweet.provider = named.ok_or_else(|| {
                let remedy = suggest::remedy(&found.value, &TweetProvider::ALL.map(TweetProvider::name));
                section.wrong("provider", found.line, format!("`{}` is no such word", found.value), remedy)
            })?;
        }
        if let Some(policy) = section.section("policy", &known("tweet.policy"))? {
            tweet.policy = Policy::read(&policy.value, &Policy::default())?;
        }
        if let Some(x) = section.section("x", &known("tweet.x"))? {
            tweet.x.read(&x.value, &tweet.policy)?;
        }
        Ok(tweet)
    }
}

impl X {
    fn read(&mut self, section: &Section<'_>, policy: &Policy) -> Result<()> {
        if let Some(endpoint) = section.parsed("endpoint", BASE_URL, base_url)? {
            self.endpoint = endpoint.value;
        }
        if let Some(timeout) = section.integer("timeout_ms", 100..=600_000)? {
            self.timeout_ms = timeout.value;
        }
        if let Some(settle) = section.integer("settle_ms", 0..=600_000)? {
            self.settle_ms = settle.value;
        }
        self.apps = apps::read(section)?;
        self.accounts = accounts::read(section, policy)?;
        if let Some(mentions) = section.section("mentions", &known("tweet.x.mentions"))? {
            let has_bearer = self.apps.values().any(|app| app.bearer.is_some());
            self.mentions = Mentions::read(&mentions.value, has_bearer)?;
        }
        if let Some(plan) = section.section("plan", &known("tweet.x.plan"))? {
            self.plan = Plan::read(&plan.value)?;
        }
        if let Some(prices) = section.section("prices", &known("tweet.x.prices"))? {
            self.prices = XPrices::read(&prices.value)?;
        }
        Ok(())
    }

    /// The app of an account, and its name.
    pub fn app_of(&self, account: &XAccount) -> Option<(&str, &XApp)> {
        let found = match &account.app {
            Some(name) => self.apps.get_key_value(name),
            None => self.apps.iter().next().filter(|_| self.apps.len() == 1),
        };
        found.map(|(name, app)| (name.as_str(), app))
    }

    /// The apps of the accounts that have one, by name in lower case.
    pub fn apps_of_accounts(&self) -> BTreeMap<AccountId, String> {
        let app = |(name, account): (&String, &XAccount)| {
            let (app, _) = self.app_of(account)?;
            Some((AccountId::new(name.to_ascii_lowercase()), app.to_owned()))
        };
        self.accounts.iter().filter_map(app).collect()
    }

    /// Every key and token, of apps and of accounts.
    pub fn keys(&self) -> Vec<NamedKey<&XKey>> {
        let mut all = Vec::new();
        for (name, app) in &self.apps {
            let consumer = app.consumer.as_ref();
            let keys = [
                ("client_secret", app.client_secret.as_ref()),
                ("consumer_key", consumer.map(|(key, _)| key)),
                ("consumer_secret", consumer.map(|(_, secret)| secret)),
                ("bearer", app.bearer.as_ref()),
            ];
            let section = || format!("tweet.x.apps.{name}");
            all.extend(
                keys.into_iter().filter_map(|(what, key)| Some(NamedKey { section: section(), what, key: key? })),
            );
        }
        for (name, account) in &self.accounts {
            let keys = match &account.signs {
                XSigns::Token(token) => vec![("token", token)],
                XSigns::OAuth1(token, secret) => vec![("access_token", token), ("access_secret", secret)],
                XSigns::OAuth2 => Vec::new(),
            };
            let section = || format!("tweet.x.accounts.{name}");
            all.extend(keys.into_iter().map(|(what, key)| NamedKey { section: section(), what, key }));
        }
        all
    }

    /// The same in the same order, to be set.
    pub(super) fn keys_mut(&mut self) -> Vec<&mut XKey> {
        let mut all = Vec::new();
        for app in self.apps.values_mut() {
            all.extend(&mut app.client_secret);
            all.extend(app.consumer.as_mut().into_iter().flat_map(|(key, secret)| [key, secret]));
            all.extend(&mut app.bearer);
        }
        for account in self.accounts.values_mut() {
            match &mut account.signs {
                XSigns::Token(token) => all.push(token),
                XSigns::OAuth1(token, secret) => all.extend([token, secret]),
                XSigns::OAuth2 => {}
            }
        }
        all
    }
}
