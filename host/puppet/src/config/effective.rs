//! The configuration in effect, a row per value, as `puppet config` shows it.

use serde::Serialize;

use puppet_engine::{OUTBOX_RULES, swap::RULES};
use puppet_types::MASK;

use super::{
    Config, Credential, CredentialPlace, KeySource, NamedKey, Policy, Provider, Routing, XSigns, money, routing::OFF,
};

/// One value, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// The value as text; a mask where it is secret.
    pub value: String,
    /// `default`, `puppet.toml:12` or `env OPENAI_MODEL`.
    pub origin: String,
}

impl Config {
    /// Every value in effect, in the order of the file. Of `[sandbox]` only what is set.
    pub fn effective(&self) -> Vec<Setting> {
        let mut rows = Rows { config: self, settings: Vec::new() };
        rows.add("host.data", self.host.data.display().to_string());
        rows.add("host.timezone", self.host.timezone.clone());
        rows.add("host.log_level", self.host.log_level.name().to_owned());
        rows.add("host.workers", self.host.workers.to_string());
        rows.add("host.stop_timeout_ms", self.host.stop_timeout_ms.to_string());
        for (name, credential) in &self.credentials {
            rows.credential(&format!("credentials.{name}"), credential);
        }
        if let Some(key) = &self.store.key {
            rows.add("store.key", key.clone());
        }
        if let Some(mongodb) = &self.store.mongodb {
            rows.add("store.mongodb", mongodb.clone());
        }
        for (key, value) in self.api.shown() {
            rows.add(&format!("api.{key}"), value);
        }
        rows.add("llm.default", self.llm.default.clone());
        rows.routing(&self.llm.routing);
        for (name, provider) in &self.llm.providers {
            rows.provider(&format!("llm.providers.{name}"), provider);
        }
        rows.http(&self.http);
        rows.add("memory.embeddings", self.memory.embeddings.clone());
        rows.add("tweet.provider", self.tweet.provider.name().to_owned());
        rows.add("tweet.x.endpoint", self.tweet.x.endpoint.clone());
        rows.add("tweet.x.timeout_ms", self.tweet.x.timeout_ms.to_string());
        rows.add("tweet.x.settle_ms", self.tweet.x.settle_ms.to_string());
        let mentions = &self.tweet.x.mentions;
        rows.add("tweet.x.mentions.by", mentions.way().to_owned());
        rows.add("tweet.x.mentions.every", mentions.every.1.clone());
        rows.add("tweet.x.mentions.backfill", mentions.backfill.1.clone());
        rows.add("tweet.x.mentions.context", mentions.context.to_string());
        rows.add("tweet.x.mentions.context_per_day", mentions.context_per_day.to_string());
        for (name, app) in &self.tweet.x.apps {
            let at = format!("tweet.x.apps.{name}");
            rows.add(&format!("{at}.redirect"), app.redirect.clone());
            if let Some(id) = &app.client_id {
                rows.add(&format!("{at}.client_id"), id.clone());
            }
        }
        rows.add("tweet.x.plan.name", self.tweet.x.plan.name.name().to_owned());
        rows.add("tweet.x.plan.summoned_replies_only", self.tweet.x.plan.summoned_replies_only.to_string());
        rows.add("tweet.x.plan.no_quotes", self.tweet.x.plan.no_quotes.to_string());
        rows.add("tweet.x.plan.no_likes", self.tweet.x.plan.no_likes.to_string());
        rows.add("tweet.x.plan.one_cashtag", self.tweet.x.plan.one_cashtag.to_string());
        rows.add("tweet.x.plan.renews_on", self.tweet.x.plan.renews_on.to_string());
        for cap in puppet_tweet::caps::Cap::ALL {
            if let Some(limit) = self.tweet.x.plan.caps.limit(cap) {
                let is_money = cap.unit() == "usd_micros";
                let value = if is_money { money::usd(limit) } else { limit.to_string() };
                rows.add(&format!("tweet.x.plan.{}", cap.name()), value);
            }
        }
        for of in puppet_tweet::plan::Priced::ALL {
            rows.add(&format!("tweet.x.prices.{}", of.name()), money::usd(self.tweet.x.prices.0.price_of(of)));
        }
        rows.policy("tweet.policy", &self.tweet.policy);
        for (name, account) in &self.tweet.x.accounts {
            let at = format!("tweet.x.accounts.{name}");
            if let Some(app) = &account.app {
                rows.add(&format!("{at}.app"), app.clone());
            }
            if account.signs == XSigns::OAuth2 {
                rows.add(&format!("{at}.oauth2"), "true".to_owned());
            }
            rows.add(&format!("{at}.made_with_ai"), account.made_with_ai.to_string());
            rows.add(&format!("{at}.paid_partnership"), account.paid_partnership.to_string());
            if let Some(settings) = account.reply_settings {
                rows.add(&format!("{at}.reply_settings"), settings.to_owned());
            }
            if let Some(community) = &account.community {
                rows.add(&format!("{at}.community"), community.clone());
            }
            if let Some(policy) = &account.policy {
                rows.policy(&format!("{at}.policy"), policy);
            }
        }
        for NamedKey { section, what, key } in self.tweet.x.keys() {
            rows.source(&section, what, &key.source, key.value.is_some());
        }
        for (name, generator) in self.generators.all() {
            rows.add(&format!("generators.{name}.enabled"), generator.enabled.to_string());
            rows.add(&format!("generators.{name}.interval"), generator.interval.clone());
        }
        rows.add("approvals.expires", self.approvals.expires.clone());
        rows.add("mailbox.waiting", self.mailbox.waiting.to_string());
        rows.add("mailbox.overflow", self.mailbox.overflow.name().to_owned());
        for rule in OUTBOX_RULES {
            rows.add(&format!("outbox.{}", rule.key), (rule.at)(&mut self.outbox.clone()).to_string());
        }
        rows.add("packs.keep", self.packs.keep.to_string());
        rows.add("packs.bytes", self.packs.bytes.to_string());
        for rule in RULES {
            rows.add(&format!("swap.{}", rule.key), (rule.at)(&mut self.swap.clone()).to_string());
        }
        rows.add("swap.same_decisions", self.swap.same_decisions.to_string());
        rows.table("sandbox", &self.sandbox);
        rows.add("invocation.host_calls", self.invocation.host_calls.to_string());
        rows.add("invocation.decisions", self.invocation.decisions.to_string());
        rows.add("invocation.deadline_ms", self.invocation.deadline_ms.to_string());
        rows.add("invocation.journal_bytes", self.invocation.journal_bytes.to_string());
        rows.add("invocation.log_lines", self.invocation.log_lines.to_string());
        rows.add("invocation.log_line_bytes", self.invocation.log_line_bytes.to_string());
        rows.add("invocation.log_fields", self.invocation.log_fields.to_string());
        rows.add("invocation.hops", self.invocation.hops.to_string());
        rows.add("invocation.relationships", self.invocation.relationships.to_string());
        rows.add("journal.keep_days", self.journal.keep_days.to_string());
        rows.add("journal.keep_bytes", self.journal.keep_bytes.to_string());
        rows.add("journal.redact", format!("{:?}", self.journal.redact));
        rows.trading(&self.trading);
        rows.add("log.json", self.log.json.to_string());
        if let Some(otlp) = &self.trace.otlp {
            rows.add("trace.otlp", otlp.clone());
        }
        rows.settings
    }
}

pub(super) struct Rows<'a> {
    config: &'a Config,
    settings: Vec<Setting>,
}

impl Rows<'_> {
    fn policy(&mut self, at: &str, policy: &Policy) {
        for (key, names) in [("allow", &policy.allow), ("deny", &policy.deny), ("friends", &policy.friends)] {
            if !names.is_empty() {
                self.add(&format!("{at}.{key}"), names.iter().cloned().collect::<Vec<_>>().join(", "));
            }
        }
        self.add(&format!("{at}.never_reply_to_strangers"), policy.never_reply_to_strangers.to_string());
        self.add(&format!("{at}.duplicate_days"), policy.duplicate_days.to_string());
        if let Some(hours) = &policy.quiet_hours {
            self.add(&format!("{at}.quiet_hours"), hours.clone());
        }
        self.add(&format!("{at}.links"), policy.links.to_owned());
        self.add(&format!("{at}.mentions"), policy.mentions.to_owned());
    }

    fn routing(&mut self, routing: &Routing) {
        self.add("llm.fallback", format!("{:?}", routing.fallback));
        for (name, fallback) in &routing.agents {
            self.add(&format!("llm.agents.{name}.fallback"), format!("{fallback:?}"));
        }
        self.add("llm.moderation", routing.moderation.as_deref().unwrap_or(OFF).to_owned());
        self.add("llm.concurrency", routing.concurrency.to_string());
        self.add("llm.breaker.failures", routing.breaker.failures.to_string());
        self.add("llm.breaker.open", routing.breaker.open.clone());
        self.add("llm.cache.entries", routing.cache.entries.to_string());
        self.add("llm.cache.bytes", routing.cache.bytes.to_string());
        self.add("llm.cache.ttl", routing.cache.ttl.clone());
    }

    pub(super) fn add(&mut self, key: &str, value: String) {
        let origin = self.config.origin(key).to_string();
        self.settings.push(Setting { key: key.to_owned(), value, origin });
    }

    /// Of a command only the program: what it is given may be secret too.
    fn credential(&mut self, at: &str, credential: &Credential) {
        match &credential.place {
            CredentialPlace::Env(variable) => self.add(&format!("{at}.env"), variable.clone()),
            CredentialPlace::File(file) => self.add(&format!("{at}.file"), file.display().to_string()),
            CredentialPlace::Command(words) => {
                let program = words.first().cloned().unwrap_or_default();
                let arguments = if words.len() > 1 { " ********" } else { "" };
                self.add(&format!("{at}.command"), format!("{program}{arguments}"));
            }
        }
    }

    /// `what`: `key` or `token`.
    pub(super) fn source(&mut self, at: &str, what: &str, source: &KeySource, is_set: bool) {
        match source {
            KeySource::Environment(name) => {
                self.add(&format!("{at}.{what}_env"), name.clone());
                let value = if is_set { MASK } else { "not set" };
                self.add(&format!("{at}.{what}"), value.to_owned());
            }
            KeySource::Secret(name) => self.add(&format!("{at}.{what}_secret"), name.clone()),
            KeySource::Credential(name) => self.add(&format!("{at}.{what}_credential"), name.clone()),
            KeySource::File(path) => self.add(&format!("{at}.{what}_file"), path.display().to_string()),
        }
    }

    fn provider(&mut self, at: &str, provider: &Provider) {
        self.add(&format!("{at}.kind"), "openai".to_owned());
        if let Some(preset) = provider.preset {
            self.add(&format!("{at}.preset"), preset.to_owned());
        }
        self.add(&format!("{at}.api"), provider.api.name().to_owned());
        self.add(&format!("{at}.stream"), provider.stream.to_string());
        self.add(&format!("{at}.base_url"), provider.base_url.clone());
        if let Some(source) = &provider.key_source {
            self.source(at, "key", source, provider.key.is_some());
        }
        self.add(&format!("{at}.model"), provider.model.clone());
        if let Some(model) = &provider.embedding_model {
            self.add(&format!("{at}.embedding_model"), model.clone());
        }
        self.add(&format!("{at}.timeout_ms"), provider.timeout_ms.to_string());
        self.add(&format!("{at}.idle_timeout_ms"), provider.idle_timeout_ms.to_string());
        self.add(&format!("{at}.retries"), provider.retries.to_string());
        for name in provider.headers.keys() {
            self.add(&format!("{at}.headers.{name}"), MASK.to_owned());
        }
        if let Some(price) = provider.price {
            let (prompt, completion) = (price.prompt_usd_micros_per_million, price.completion_usd_micros_per_million);
            self.add(&format!("{at}.price.prompt_usd_per_million"), money::usd(prompt));
            self.add(&format!("{at}.price.completion_usd_per_million"), money::usd(completion));
        }
    }

    pub(super) fn table(&mut self, at: &str, table: &toml::Table) {
        for (key, value) in table {
            let key = format!("{at}.{key}");
            match value {
                toml::Value::Table(below) => self.table(&key, below),
                other => self.add(&key, other.to_string()),
            }
        }
    }
}
