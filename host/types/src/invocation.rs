//! The journal's record of one event handled by one plugin version, and how it can end.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{AgentId, CallError, Capability, Code, Decision, Digest, Event, InvocationId, Json, PackId, Timestamp};

macro_rules! breaches {
    ($($(#[$doc:meta])* $variant:ident $code:literal),+ $(,)?) => {
        /// A limit that a guest ran into. Ends that one event and counts a strike. In order of precedence:
        /// where several causes are recorded, the first of this list is the one that is told.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Breach { $($(#[$doc])* $variant),+ }

        impl Breach {
            /// All of them, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// kebab-case code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            /// By code.
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

breaches! {
    /// Called a WASI function that is not served, or `exit`.
    Forbidden "forbidden",
    /// More host calls than the invocation may make.
    TooManyHostCalls "too-many-host-calls",
    /// More bytes handed over than one call may carry.
    TooManyHostBytes "too-many-host-bytes",
    /// More resource handles than the table holds.
    TooManyHandles "too-many-handles",
    /// Sum over all linear memories.
    OutOfMemory "out-of-memory",
    /// Table elements.
    TableTooLarge "table-too-large",
    /// More core instances, memories or tables than a component may have.
    TooManyInstances "too-many-instances",
    /// Recursion.
    OutOfStack "out-of-stack",
    /// Instructions.
    OutOfFuel "out-of-fuel",
    /// Time, provider latency included.
    Deadline "deadline",
    /// More decisions than one invocation may make.
    TooManyDecisions "too-many-decisions",
    /// Everything else that ends a guest: unreachable, out of bounds, a panic.
    Trap "trap",
}

impl Breach {
    /// Whether trying again can help. The rest would only repeat (docs/reference/errors.md).
    pub const fn is_retried(self) -> bool {
        matches!(self, Self::Deadline)
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How a plugin said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    /// kebab-case.
    pub code: String,
    /// For people.
    #[serde(default)]
    pub message: String,
    /// The event comes again then.
    pub retry_at: Option<Timestamp>,
}

/// How an invocation ended. Only `Ok` commits decisions.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Decisions are committed.
    Ok,
    /// An answer; no strike.
    Declined(Declined),
    /// The plugin reported an error of its own.
    Failed(String),
    /// A limit.
    Breach(Breach, String),
}

impl Outcome {
    /// Whether both are the same end. What is said of a breach may hold addresses: the same breach is the same end.
    pub fn is_same_end(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Breach(one, _), Self::Breach(other, _)) => one == other,
            (one, other) => one == other,
        }
    }

    /// Every [`Outcome::name`].
    pub const NAMES: [&str; 4] = ["ok", "declined", "failed", "breach"];

    /// Its name: one of [`Outcome::NAMES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Declined(_) => "declined",
            Self::Failed(_) => "failed",
            Self::Breach(..) => "breach",
        }
    }
}

/// How a read was answered.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadStatus {
    /// By its provider.
    Ok,
    /// Not granted.
    Denied,
    /// The budget is spent.
    Budget,
    /// The provider failed, or the input was not valid.
    Error,
}

impl ReadStatus {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Budget => "budget",
            Self::Error => "error",
        }
    }
}

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Prompt and completion together.
    pub tokens: u64,
    /// Millionths of a dollar.
    pub usd_micros: u64,
}

/// One read and its answer; or a decision that was refused, with the refusal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Read {
    /// From 0, within the invocation.
    pub n: u32,
    /// The interface.
    pub capability: Capability,
    /// The function.
    pub operation: String,
    /// What was asked.
    pub request: Json,
    /// What came back, or the error.
    pub answer: Json,
    /// How it went.
    pub status: ReadStatus,
    /// What it cost.
    pub cost: Cost,
}

impl Read {
    /// Of one that its provider did not answer, or not in time: how many milliseconds it asks to wait.
    pub fn unanswered(&self) -> Option<u64> {
        let error: CallError = self.answer.parse().ok().filter(|_| self.status == ReadStatus::Error)?;
        let passes = matches!(error.code, Code::ProviderUnavailable | Code::RateLimited | Code::Timeout);
        passes.then_some(error.retry_after_ms.unwrap_or(0))
    }
}

/// A decision with its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberedDecision {
    /// From 0, within the invocation.
    pub n: u32,
    /// What was decided.
    #[serde(flatten)]
    pub decision: Decision,
}

/// Which plugin ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRef {
    /// The pack.
    pub id: PackId,
    /// Semver.
    pub version: String,
    /// Of the component.
    pub digest: Digest,
}

/// Microseconds per part. Absent in virtual time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// In the sandbox, reads not counted.
    pub sandbox: u64,
    /// Waiting for reads.
    pub reads: u64,
    /// From the end of the call until its row is written.
    pub commit: u64,
}

/// The record of one invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Derived from event and plugin.
    pub id: InvocationId,
    /// When it ran, by the engine's clock.
    pub at: Timestamp,
    /// For whom.
    pub agent: AgentId,
    /// With what.
    pub plugin: PluginRef,
    /// Of the persona's JSON.
    pub persona_digest: Digest,
    /// Of the settings' JSON.
    pub settings_digest: Digest,
    /// What it drew from; none in records that earlier versions wrote.
    pub seed: Option<u64>,
    /// On what.
    pub event: Event,
    /// To what end.
    pub outcome: Outcome,
    /// Units of wasmtime fuel.
    pub fuel: u64,
    /// Sum over all memories at its highest.
    pub peak_memory_bytes: u64,
    /// Calls per capability.
    pub host_calls: BTreeMap<Capability, u32>,
    /// In order.
    pub reads: Vec<Read>,
    /// In order; kept for the journal also where they were not committed.
    pub decisions: Vec<NumberedDecision>,
    /// The plugin's log lines.
    pub log: Vec<LogLine>,
    /// Strikes of the plugin version after this invocation.
    pub strikes: u32,
    /// Wall times, or none in virtual time.
    pub timing: Option<Timing>,
    /// Why it cannot be run again: something that it was answered from, or decided, was redacted or forgotten.
    pub unreplayable: Option<String>,
}

/// A line of a plugin's own log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// `debug`, `info`, `warn`, `error`, `stdout` or `stderr`.
    pub level: String,
    /// Bounded.
    pub message: String,
    /// What it is about, by name, in the plugin's order: `[["slot","morning"]]`. Bounded with the message.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
}

impl LogLine {
    /// One without fields.
    pub fn plain(level: &str, message: String) -> Self {
        Self { level: level.to_owned(), message, fields: Vec::new() }
    }
}

/// `info: a slot was lost slot="morning"`.
impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.level, self.message)?;
        self.fields.iter().try_for_each(|(name, value)| write!(f, " {name}={value:?}"))
    }
}
