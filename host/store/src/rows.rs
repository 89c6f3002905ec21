//! Every row of a deployment in one neutral form, the same for every backend: what a copy carries from one to another,
//! and compares afterwards. Not for a host at work: that has a method for each thing it asks.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::Result;

/// A value in a row. JSON is text, digests and vectors are bytes, times are milliseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing.
    Null,
    /// Unsigned numbers are the same 64 bits.
    Int(i64),
    /// A share, a mood.
    Real(f64),
    /// UTF-8.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// Values in the order of [`Table::columns`].
pub type Row = Vec<Cell>;

/// One kind of row. Its columns are those of the first backend's schema and stay as they are, however a backend keeps
/// them; a new one comes at the end.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Plural.
    pub name: &'static str,
    /// The columns; those that make the key come first.
    pub columns: &'static [&'static str],
    /// So many columns are the key. Texts are ordered by their bytes.
    pub key: usize,
}

impl Table {
    /// The key of a row.
    pub fn key_of<'a>(&self, row: &'a [Cell]) -> &'a [Cell] {
        &row[..self.key.min(row.len())]
    }

    /// By name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }
}

/// All tables, in an order in which they can be written: what is referred to comes first.
pub const TABLES: &[Table] = &[
    Table {
        name: "events",
        columns: &[
            "seq",
            "id",
            "state",
            "attempts",
            "not_before",
            "kind",
            "source",
            "agent",
            "author",
            "priority",
            "at",
            "payload",
            "hops",
            "cause",
            "broadcast",
            "reason",
            "ended",
        ],
        key: 1,
    },
    Table {
        name: "journal",
        columns: &[
            "seq",
            "id",
            "at",
            "agent",
            "event",
            "plugin",
            "version",
            "digest",
            "persona",
            "settings",
            "outcome",
            "code",
            "message",
            "retry_at",
            "fuel",
            "peak_memory",
            "strikes",
            "timing",
            "host_calls",
            "reads",
            "decisions",
            "log",
            "seed",
            "unreplayable",
        ],
        key: 1,
    },
    Table {
        name: "outbox",
        columns: &[
            "seq",
            "id",
            "state",
            "agent",
            "account",
            "invocation",
            "n",
            "not_before",
            "hops",
            "body",
            "attempts",
            "provider_id",
            "reason",
            "ended",
            "expires",
            "begun",
            "undecidable",
            "purse",
        ],
        key: 1,
    },
    // Ids of events that are gone: `n` is the order in which they went.
    Table { name: "known", columns: &["n", "id", "ended"], key: 1 },
    Table { name: "timers", columns: &["agent", "plugin", "name", "rule", "next", "payload", "led_by"], key: 3 },
    Table { name: "agents", columns: &["id", "body", "created"], key: 1 },
    Table { name: "moods", columns: &["agent", "valence", "arousal", "dominance", "at"], key: 1 },
    // `journal` is the seq of a record.
    Table { name: "mood_log", columns: &["agent", "journal", "at", "valence", "arousal", "dominance"], key: 2 },
    Table { name: "relationships", columns: &["agent", "target", "body"], key: 2 },
    Table {
        name: "plugin_state",
        columns: &["agent", "plugin", "version", "data", "digest", "cleared", "led_by"],
        key: 2,
    },
    Table {
        name: "state_kept",
        columns: &["n", "agent", "plugin", "digest", "version", "data", "cleared", "replaced_by", "at", "led_by"],
        key: 1,
    },
    Table {
        name: "memories",
        columns: &[
            "agent",
            "id",
            "kind",
            "content",
            "at",
            "importance",
            "valence",
            "associations",
            "metadata",
            "author",
            "trust",
            "pinned",
            "vector",
            "model",
            "led_by",
        ],
        key: 2,
    },
    // Which records hold the words of a memory: `journal` is their seq.
    Table { name: "remembered", columns: &["agent", "id", "journal"], key: 3 },
    Table {
        name: "posts",
        columns: &[
            "id",
            "number",
            "author",
            "text",
            "at",
            "in_reply_to",
            "quotes",
            "conversation",
            "thread",
            "media",
            "hops",
            "effect",
            "part",
            "deleted",
        ],
        key: 1,
    },
    Table { name: "likes", columns: &["post", "account", "at"], key: 2 },
    Table {
        name: "budgets",
        columns: &["scope", "agent", "pack", "capability", "amount", "period", "window", "used", "overrun", "debt"],
        key: 7,
    },
    Table { name: "open_reads", columns: &["invocation", "n", "worst"], key: 2 },
    Table { name: "kept_reads", columns: &["invocation", "n", "body"], key: 2 },
    Table { name: "strikes", columns: &["plugin", "digest", "revision", "body"], key: 2 },
    Table { name: "documents", columns: &["digest", "body"], key: 1 },
    Table { name: "casts", columns: &["agent", "seq", "document"], key: 2 },
    Table { name: "halt", columns: &["only", "since", "reason"], key: 1 },
    Table { name: "past", columns: &["n", "agent", "id", "handled", "event"], key: 1 },
    Table { name: "seen", columns: &["n", "post"], key: 1 },
    Table { name: "heard", columns: &["account", "since", "at"], key: 1 },
    Table { name: "billed", columns: &["day", "account", "posts", "reads", "usd_micros"], key: 2 },
    Table { name: "purses", columns: &["name", "seq", "at", "body"], key: 1 },
    Table { name: "purse_log", columns: &["purse", "seq", "kind", "at", "body"], key: 2 },
    // `open`: the first entry of a swap that is not over.
    Table { name: "swaps", columns: &["swap", "n", "wallet", "at", "is_end", "body", "open"], key: 2 },
    Table { name: "swap_approvals", columns: &["hash", "swap", "expires", "granted", "body"], key: 1 },
    Table {
        name: "candles",
        columns: &["market", "bar_seconds", "at", "open", "high", "low", "close", "volume"],
        key: 3,
    },
    Table {
        name: "api_keys",
        columns: &["id", "name", "hash", "role", "agents", "created", "expires", "last_used", "revoked"],
        key: 1,
    },
    Table { name: "api_sessions", columns: &["hash", "family", "key", "created", "expires", "used"], key: 1 },
    Table {
        name: "api_changes",
        columns: &[
            "seq",
            "at",
            "principal",
            "role",
            "address",
            "method",
            "path",
            "agent",
            "what",
            "before",
            "after",
            "status",
        ],
        key: 1,
    },
    Table {
        name: "api_answers",
        columns: &["principal", "route", "key", "asked", "status", "headers", "body", "expires"],
        key: 3,
    },
];

/// Rows as they are.
#[async_trait]
pub trait RowStore: Send + Sync {
    /// Rows by key, those after one, at most `limit`.
    async fn rows_after(&self, table: &'static Table, after: Option<Row>, limit: usize) -> Result<Vec<Row>>;
    /// Writes rows, which come in order of their keys; one that is there is replaced. Durable when it answers. Where it
    /// fails, a first part of them may be there.
    async fn put_rows(&self, table: &'static Table, rows: Vec<Row>) -> Result<()>;
    /// How many rows there are.
    async fn row_count(&self, table: &'static Table) -> Result<u64>;
    /// Where the rows are being copied from; none where no copy into this store is under way. A host does not run on half
    /// a copy.
    async fn copying(&self) -> Result<Option<String>>;
    /// Says that a copy begins, or that it has ended.
    async fn set_copying(&self, source: Option<String>) -> Result<()>;
}
