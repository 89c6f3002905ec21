//! What can be set, with its defaults. How it is read: `load` (the file), `overlay` (the environment).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use puppet_engine::{Mailbox, OutboxRules, Redaction, swap::SwapRules};
use puppet_llm::openai::Api;
use serde::Serialize;

use super::{
    Credential, KeySource, Origin, Routing, Secret, Trading, Tweet,
    fields::FIELDS,
    load,
    observed::{Log, Trace},
    origin::Warning,
    overlay::Environment,
    suggest,
};
use crate::trouble::{Result, Trouble};

/// The configuration in effect.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Config {
    /// `[host]`.
    pub host: Host,
    /// `[credentials]`.
    pub credentials: BTreeMap<String, Credential>,
    /// `[store]`.
    pub store: Store,
    /// `[api]`.
    pub api: super::Api,
    /// `[llm]`.
    pub llm: Llm,
    /// `[http]`.
    #[serde(skip)]
    pub http: super::Http,
    /// `[memory]`.
    pub memory: Memory,
    /// `[tweet]`.
    pub tweet: Tweet,
    /// `[generators]`.
    pub generators: Generators,
    /// `[approvals]`.
    pub approvals: Approvals,
    /// `[mailbox]`: mail that waits for a plugin that may not run.
    #[serde(skip)]
    pub mailbox: Mailbox,
    /// `[outbox]`: how often and how fast effects are tried.
    #[serde(skip)]
    pub outbox: OutboxRules,
    /// `[packs]`: installed versions that do not run.
    pub packs: Packs,
    /// `[swap]`: what proof a new version needs, and what takes it back.
    #[serde(skip)]
    pub swap: SwapRules,
    /// `[sandbox]`, as written; the sandbox checks it.
    pub sandbox: toml::Table,
    /// `[invocation]`.
    pub invocation: Invocation,
    /// `[journal]`.
    pub journal: Journal,
    /// `[log]`.
    pub log: Log,
    /// `[trace]`.
    pub trace: Trace,
    /// `[trading]`.
    #[serde(skip)]
    pub trading: Trading,
    /// Where the values come from, by key; what is not here is a default.
    #[serde(skip)]
    pub(super) origins: BTreeMap<String, Origin>,
}

/// `[packs]`: how long installed versions stay that do not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Packs {
    /// So many of each pack.
    pub keep: usize,
    /// So many bytes of all packs together.
    pub bytes: u64,
}

impl Default for Packs {
    fn default() -> Self {
        Self { keep: 3, bytes: 1 << 30 }
    }
}

/// `[host]`: the data folder and what the host does by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    /// The data folder. In `puppet.toml` it is relative to that file.
    pub data: PathBuf,
    /// IANA name of the time zone of agents that have none of their own.
    pub timezone: String,
    /// How much the host logs.
    pub log_level: LogLevel,
    /// Events under way at the same time, each of another agent.
    pub workers: usize,
    /// How long what is under way may take to end, once the host is told to stop.
    pub stop_timeout_ms: u64,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            data: PathBuf::from("./.puppet"),
            timezone: "UTC".to_owned(),
            log_level: LogLevel::Info,
            workers: 256,
            stop_timeout_ms: 10_000,
        }
    }
}

/// How much the host logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// Errors.
    Error,
    /// And warnings.
    Warn,
    /// And what happens.
    #[default]
    Info,
    /// And why.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// What is expected of a text.
    pub(super) const EXPECTED: &'static str = "one of off, error, warn, info, debug, trace";
    const ALL: [Self; 6] = [Self::Off, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
    /// By name, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(text.trim()))
    }
}

/// `[store]`: where the rows are, and how the data folder is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Store {
    /// The credential that is the address of a MongoDB database with the rows; `None`: they are in the data folder.
    pub mongodb: Option<String>,
    /// The credential under which the secrets of the data folder are encrypted; `None`: they are not.
    pub key: Option<String>,
}

/// `[llm]`: which model writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Llm {
    /// The provider of agents that name none: `offline`, or one of `providers`.
    pub default: String,
    /// The rest of it.
    pub routing: Routing,
    /// Endpoints, by name. `openai` and `grok` are here when their keys are set.
    pub providers: BTreeMap<String, Provider>,
}

impl Llm {
    /// The provider that needs no key and no network; always there, never in `providers`.
    pub const OFFLINE: &'static str = "offline";
}

impl Default for Llm {
    fn default() -> Self {
        Self { default: Self::OFFLINE.to_owned(), routing: Routing::default(), providers: BTreeMap::new() }
    }
}

/// `[llm.providers.<name>]`: an endpoint that speaks the chat completions of OpenAI (the only `kind` there is).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provider {
    /// The known provider that it is, by name; it fills in what is not given.
    pub preset: Option<&'static str>,
    /// In which protocol it is asked.
    pub api: Api,
    /// Answers come in pieces.
    pub stream: bool,
    /// Longest pause of an answer that has begun.
    pub idle_timeout_ms: u64,
    /// Without `/chat/completions`.
    pub base_url: String,
    /// Where its key is; `None` for endpoints that want none.
    pub key_source: Option<KeySource>,
    /// The key, where it came from the environment; others are resolved when a host starts.
    pub key: Option<Secret>,
    /// The model.
    pub model: String,
    /// The model that makes vectors of texts; `None` where none is named, then memory cannot use it.
    pub embedding_model: Option<String>,
    /// Time for one attempt.
    pub timeout_ms: u64,
    /// Attempts after the first.
    pub retries: u32,
    /// Sent with every request; printed masked, since they often hold keys.
    pub headers: BTreeMap<String, Secret>,
    /// What tokens cost; without it the list price counts, and a model that is not listed is refused.
    pub price: Option<Price>,
}

impl Provider {
    /// Time for one attempt where nothing is said.
    pub const TIMEOUT_MS: u64 = 60_000;
    /// Longest pause of an answer that has begun, where nothing is said.
    pub const IDLE_TIMEOUT_MS: u64 = 30_000;
    /// Attempts after the first where nothing is said.
    pub const RETRIES: u32 = 2;
}

/// `[memory]`: what recall compares memories by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Who makes vectors of memories: `offline`, or a provider with an `embedding_model`.
    pub embeddings: String,
}

impl Default for Memory {
    fn default() -> Self {
        Self { embeddings: Llm::OFFLINE.to_owned() }
    }
}

/// What a million tokens cost, in micro-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Price {
    /// Of the prompt.
    pub prompt_usd_micros_per_million: u64,
    /// Of the completion.
    pub completion_usd_micros_per_million: u64,
}

/// `[generators]`: events that come by themselves (docs/reference/behaviour.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Generators {
    /// `[generators.news]`.
    pub news: Generator,
    /// `[generators.mood-swings]`.
    pub mood_swings: Generator,
    /// `[generators.encounters]`.
    pub encounters: Generator,
}

/// One generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Generator {
    /// Whether it runs.
    pub enabled: bool,
    /// Time between two runs.
    pub interval_ms: u64,
    /// The same as written, `6h`.
    pub interval: String,
}

impl Generator {
    fn every(interval_ms: u64) -> Self {
        Self { enabled: true, interval_ms, interval: in_words(interval_ms) }
    }
}

impl Default for Generators {
    fn default() -> Self {
        Self {
            news: Generator::every(21_600_000),
            mood_swings: Generator::every(14_400_000),
            encounters: Generator::every(28_800_000),
        }
    }
}

impl Generators {
    /// By the name of the pack, in the order of the file.
    pub fn all(&self) -> [(&'static str, &Generator); 3] {
        [("news", &self.news), ("mood-swings", &self.mood_swings), ("encounters", &self.encounters)]
    }
    pub(super) fn all_mut(&mut self) -> [(&'static str, &mut Generator); 3] {
        [("news", &mut self.news), ("mood-swings", &mut self.mood_swings), ("encounters", &mut self.encounters)]
    }
}

/// `[approvals]`: effects that wait for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approvals {
    /// How long they do.
    pub expires_ms: u64,
    /// The same as written, `24h`.
    pub expires: String,
}

impl Default for Approvals {
    fn default() -> Self {
        Self { expires_ms: 86_400_000, expires: in_words(86_400_000) }
    }
}

/// `[invocation]`: bounds of one invocation that the gate counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invocation {
    /// Calls per capability.
    pub host_calls: u32,
    /// Decisions in all.
    pub decisions: u32,
    /// Time for the whole of it, answers of providers included.
    pub deadline_ms: u64,
    /// Bytes of questions and answers that the journal keeps.
    pub journal_bytes: usize,
    /// Lines of the plugin's own log that are kept.
    pub log_lines: usize,
    /// Bytes kept of one line of it.
    pub log_line_bytes: usize,
    /// Fields kept of one line of it.
    pub log_fields: usize,
    /// Events of our own between an event and the outside.
    pub hops: u32,
    /// Others that an agent knows.
    pub relationships: usize,
}

impl Default for Invocation {
    /// As `puppet_grants::CallBounds` has them.
    fn default() -> Self {
        let bounds = puppet_grants::CallBounds::default();
        Self {
            host_calls: bounds.host_calls,
            decisions: bounds.decisions,
            deadline_ms: u64::try_from(bounds.deadline.as_millis()).unwrap_or(u64::MAX),
            journal_bytes: bounds.journal_bytes,
            log_lines: bounds.log_lines,
            log_line_bytes: bounds.log_line_bytes,
            log_fields: bounds.log_fields,
            hops: bounds.hops,
            relationships: bounds.relationships,
        }
    }
}

/// `[journal]`: what is kept of invocations.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Journal {
    /// Records of each agent stay for so many days; 0: for ever.
    pub keep_days: u64,
    /// The newest of each agent stay, up to so many bytes; 0: all.
    pub keep_bytes: u64,
    /// Paths of values that are not, as written.
    pub redact: Vec<String>,
    /// The same, understood.
    #[serde(skip)]
    pub redaction: Redaction,
}

impl Config {
    /// Reads the configuration: the file at `path` (or `./puppet.toml` where there is one), `.env` beside it, and the
    /// environment as `env` answers it. The environment of the process is not changed, and read only where `.env` says
    /// `${NAME}`.
    ///
    /// # Errors
    /// What is unknown or wrong, with file, line and field.
    pub fn load(path: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<(Self, Vec<Warning>)> {
        load::load_in(Path::new(""), path, &Environment { get: env, names: Vec::new() })
    }

    /// The same with the environment of this process, whose variables are known by name.
    ///
    /// # Errors
    /// What is unknown or wrong, with file, line and field.
    pub fn of_process(path: Option<&Path>) -> Result<(Self, Vec<Warning>)> {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
        load::load_in(Path::new(""), path, &Environment { get: &|name| std::env::var(name).ok(), names })
    }

    /// Where the value of a key comes from.
    pub fn origin(&self, key: &str) -> Origin {
        // Rules of a file of their own are from where that file is named.
        let of_file = || key.strip_prefix("trading.risk.").and_then(|_| self.origins.get("trading.risk"));
        self.origins.get(key).or_else(of_file).cloned().unwrap_or_default()
    }

    /// An error about a value that only its user can check (a time zone, a limit of the sandbox), at its place.
    pub fn bad_value(&self, key: &str, message: impl Into<String>, remedy: impl Into<String>) -> Trouble {
        let mut trouble = Trouble::input("bad-value", message, remedy);
        trouble.place = self.origin(key).place(key);
        trouble
    }

    /// An error about a key in a table that was passed through, at its place.
    pub fn unknown_key(&self, key: &str, known: &[&str]) -> Trouble {
        let name = key.rsplit('.').next().unwrap_or(key);
        let mut trouble = Trouble::input("unknown-key", format!("`{name}` is not a key"), suggest::remedy(name, known));
        trouble.place = self.origin(key).place(key);
        trouble
    }
}

/// `21600000` as `6h`: the largest unit that leaves no rest.
pub(super) fn in_words(millis: u64) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let unit = units.into_iter().find(|(_, length)| millis >= *length && millis.is_multiple_of(*length));
    match unit {
        // A day is written as hours: `6h`, `24h` and `36h` are of a kind.
        Some(("d", length)) if millis == length => "24h".to_owned(),
        Some((name, length)) => format!("{}{name}", millis / length),
        None => format!("{millis}ms"),
    }
}

/// The keys that a section may hold, from the table of fields.
pub(super) fn known(section: &str) -> Vec<&'static str> {
    let mut keys: Vec<&'static str> = Vec::new();
    for field in FIELDS {
        let rest = if section.is_empty() {
            Some(field.key)
        } else {
            field.key.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'))
        };
        if let Some(key) = rest.and_then(|rest| rest.split('.').next())
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_written_as_they_are_read() {
        for (millis, words) in [
            (21_600_000, "6h"),
            (90_000, "90s"),
            (86_400_000, "24h"),
            (172_800_000, "2d"),
            (1_500, "1500ms"),
            (60_000, "1m"),
        ] {
            assert_eq!(in_words(millis), words);
            assert_eq!(crate::duration::parse(words).map(|length| length.as_millis()), Ok(u128::from(millis)));
        }
    }

    #[test]
    fn sections_know_their_keys_from_the_table() {
        let before = [
            "host",
            "credentials",
            "store",
            "api",
            "llm",
            "http",
            "memory",
            "generators",
            "approvals",
            "mailbox",
            "outbox",
            "packs",
            "swap",
            "sandbox",
        ];
        assert_eq!(known(""), [&before[..], &["invocation", "journal", "tweet", "trading", "log", "trace"]].concat());
        assert_eq!(known("generators"), ["news", "mood-swings", "encounters"]);
        assert_eq!(known("host"), ["data", "timezone", "log_level", "workers", "stop_timeout_ms"]);
        assert!(known("llm.providers.<name>").contains(&"price"));
    }
}
