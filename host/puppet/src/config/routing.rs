//! `[llm]` but for its providers: who is asked where one cannot answer, how many ask at once, and what is kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use puppet_llm::route::{BreakerRules, CacheRules};
use puppet_types::AgentId;
use serde::Serialize;

use super::{Llm, load::LENGTH, load::length, read::Section, settings::known};
use crate::trouble::Result;

/// Where the keys of `[llm]` that are not of a provider are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Routing {
    /// Who is asked, in order, where an agent's model cannot answer.
    pub fallback: Vec<String>,
    /// The same for one agent, in place of it.
    pub agents: BTreeMap<String, Vec<String>>,
    /// Requests at once, of each provider.
    pub concurrency: usize,
    /// `[llm.breaker]`.
    pub breaker: Breaker,
    /// `[llm.cache]`.
    pub cache: Cache,
    /// The provider that looks at texts before they leave.
    pub moderation: Option<String>,
}

/// `[llm.breaker]`: when a provider is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breaker {
    /// Failures in a row; 0: never.
    pub failures: u32,
    /// For how long.
    pub open_ms: u64,
    /// The same as written, `30s`.
    pub open: String,
}

/// `[llm.cache]`: answers kept for what is asked again word for word at temperature 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cache {
    /// Of each provider; 0: none.
    pub entries: usize,
    /// Of them all, of each provider.
    pub bytes: usize,
    /// For how long.
    pub ttl_ms: u64,
    /// The same as written, `1h`.
    pub ttl: String,
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            fallback: Vec::new(),
            agents: BTreeMap::new(),
            concurrency: 16,
            breaker: Breaker { failures: 5, open_ms: 30_000, open: "30s".to_owned() },
            cache: Cache { entries: 0, bytes: 16 << 20, ttl_ms: 3_600_000, ttl: "1h".to_owned() },
            moderation: None,
        }
    }
}

/// Nobody looks.
pub(super) const OFF: &str = "off";

const NAMES: &str = "a list of names of providers, for example [\"openrouter\", \"offline\"]";

impl Routing {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut routing = Self::default();
        if let Some(fallback) = section.texts("fallback")? {
            routing.fallback = fallback.value;
        }
        if let Some(moderation) = section.text("moderation", "`off` or the name of a provider")? {
            routing.moderation = Some(moderation.value).filter(|name| name != OFF);
        }
        if let Some(most) = section.integer("concurrency", 1..=1_000)? {
            routing.concurrency = usize::try_from(most.value).unwrap_or(usize::MAX);
        }
        if let Some(breaker) = section.section("breaker", &known("llm.breaker"))? {
            routing.breaker.read(&breaker.value)?;
        }
        if let Some(cache) = section.section("cache", &known("llm.cache"))? {
            routing.cache.read(&cache.value)?;
        }
        let Some((agents, entries)) = section.named("agents")? else { return Ok(routing) };
        for entry in entries {
            let Some(agent) = agents.section(&entry.name, &known("llm.agents.<name>"))? else { continue };
            let Some(fallback) = agent.value.texts("fallback")? else {
                return Err(agents.wrong(&entry.name, entry.line, format!("expected `fallback`, {NAMES}"), ""));
            };
            routing.agents.insert(entry.name.clone(), fallback.value);
        }
        Ok(routing)
    }

    /// Who is asked after this agent's model.
    pub fn after(&self, agent: &str) -> &[String] {
        self.agents.get(agent).unwrap_or(&self.fallback)
    }

    /// Every list, with its key.
    pub fn lists(&self) -> impl Iterator<Item = (String, &[String])> {
        let of_agents = self.agents.iter().map(|(name, list)| (format!("llm.agents.{name}.fallback"), list.as_slice()));
        std::iter::once(("llm.fallback".to_owned(), self.fallback.as_slice())).chain(of_agents)
    }

    /// Agents that have a list of their own and are not here, as lines for people.
    pub fn unknown<'a>(&'a self, here: &'a BTreeSet<AgentId>) -> impl Iterator<Item = String> + 'a {
        let named = self.agents.keys().filter(|name| !here.iter().any(|id| id.as_str() == *name));
        named.map(|name| format!("[llm.agents.{name}] is for an agent that does not live here"))
    }

    /// The most providers that one request may go to: they share its time.
    pub fn longest(&self) -> u32 {
        let remote = |list: &[String]| list.iter().filter(|name| *name != Llm::OFFLINE).count();
        let longest = self.lists().map(|(_, list)| remote(list)).max().unwrap_or(0);
        u32::try_from(longest).unwrap_or(u32::MAX).saturating_add(1)
    }
}

impl Breaker {
    fn read(&mut self, section: &Section<'_>) -> Result<()> {
        if let Some(failures) = section.integer("failures", 0..=1_000)? {
            self.failures = u32::try_from(failures.value).unwrap_or(u32::MAX);
        }
        if let Some(open) = section.parsed("open", LENGTH, length)? {
            (self.open_ms, self.open) = open.value;
        }
        Ok(())
    }

    /// As the way to a model takes it.
    pub fn rules(&self) -> BreakerRules {
        BreakerRules { failures: self.failures, open: Duration::from_millis(self.open_ms) }
    }
}

impl Cache {
    fn read(&mut self, section: &Section<'_>) -> Result<()> {
        let number = |key: &str, most: u64| {
            let found = section.integer(key, 0..=most)?;
            Ok::<_, crate::trouble::Trouble>(found.and_then(|found| usize::try_from(found.value).ok()))
        };
        if let Some(entries) = number("entries", 1_000_000)? {
            self.entries = entries;
        }
        if let Some(bytes) = number("bytes", 1 << 32)? {
            self.bytes = bytes;
        }
        if let Some(ttl) = section.parsed("ttl", LENGTH, length)? {
            (self.ttl_ms, self.ttl) = ttl.value;
        }
        Ok(())
    }

    /// As the way to a model takes it.
    pub fn rules(&self) -> CacheRules {
        CacheRules { entries: self.entries, bytes: self.bytes, ttl: Duration::from_millis(self.ttl_ms) }
    }
}
