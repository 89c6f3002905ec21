//! Collections and their indexes. A collection is called as SQLite's table where it holds the same, and its fields as
//! the columns; besides them a document has `_id` (the row's key as text) and `written` (the place of the commit that
//! wrote it last: an earlier one never replaces it).

/// What a database of this version has in `meta`. In 1 vectors were plain bytes; they are read as before.
/// Before 3 a budget had no `debt`: what was owed is in `used` and `overrun` of the first row. Before 4 there was no trading:
/// a host of 3 does not know all collections that a commit may write to. Before 5 nobody wrote down how far another
/// network has been listened to. Before 6 nobody wrote down what another network charges. Before 7 there was no server, and
/// nobody wrote down how a mood changed.
pub(crate) const VERSION: i64 = 7;

pub(crate) const COMMITS: &str = "commits";
/// In a commit by which a host took the line over. It is never cleared away: its place is where the next commit of the host
/// before would go, which may still be alive and finds it taken, however much was written and cleared since.
pub(crate) const CLAIM: &str = "claim";
pub(crate) const COMMIT_PARTS: &str = "commit_parts";
pub(crate) const ANSWERS: &str = "answers";
pub(crate) const META: &str = "meta";
pub(crate) const EVENTS: &str = "events";
pub(crate) const JOURNAL: &str = "journal";
pub(crate) const OUTBOX: &str = "outbox";
pub(crate) const TIMERS: &str = "timers";
pub(crate) const AGENTS: &str = "agents";
pub(crate) const MOODS: &str = "moods";
pub(crate) const MOOD_LOG: &str = "mood_log";
pub(crate) const RELATIONSHIPS: &str = "relationships";
pub(crate) const PLUGIN_STATE: &str = "plugin_state";
pub(crate) const STATE_KEPT: &str = "state_kept";
pub(crate) const MEMORIES: &str = "memories";
pub(crate) const REMEMBERED: &str = "remembered";
pub(crate) const POSTS: &str = "posts";
pub(crate) const LIKES: &str = "likes";
pub(crate) const BUDGETS: &str = "budgets";
pub(crate) const OPEN_READS: &str = "open_reads";
pub(crate) const KEPT_READS: &str = "kept_reads";
pub(crate) const STRIKES: &str = "strikes";
pub(crate) const HALT: &str = "halt";
pub(crate) const DOCUMENTS: &str = "documents";
pub(crate) const CASTS: &str = "casts";
pub(crate) const KNOWN: &str = "known";
pub(crate) const PAST: &str = "past";
pub(crate) const SEEN: &str = "seen";
pub(crate) const HEARD: &str = "heard";
pub(crate) const BILLED: &str = "billed";
pub(crate) const PURSES: &str = "purses";
pub(crate) const PURSE_LOG: &str = "purse_log";
pub(crate) const SWAPS: &str = "swaps";
pub(crate) const SWAP_APPROVALS: &str = "swap_approvals";
pub(crate) const CANDLES: &str = "candles";
pub(crate) const API_KEYS: &str = "api_keys";
pub(crate) const API_SESSIONS: &str = "api_sessions";
pub(crate) const API_CHANGES: &str = "api_changes";
pub(crate) const API_ANSWERS: &str = "api_answers";

/// Collections that commits are applied to.
pub(crate) const APPLIED_TO: [&str; 36] = [
    META,
    EVENTS,
    JOURNAL,
    OUTBOX,
    TIMERS,
    AGENTS,
    MOODS,
    MOOD_LOG,
    RELATIONSHIPS,
    PLUGIN_STATE,
    STATE_KEPT,
    MEMORIES,
    REMEMBERED,
    POSTS,
    LIKES,
    BUDGETS,
    OPEN_READS,
    KEPT_READS,
    STRIKES,
    HALT,
    KNOWN,
    PAST,
    SEEN,
    HEARD,
    BILLED,
    DOCUMENTS,
    CASTS,
    PURSES,
    PURSE_LOG,
    SWAPS,
    SWAP_APPROVALS,
    CANDLES,
    API_KEYS,
    API_SESSIONS,
    API_CHANGES,
    API_ANSWERS,
];

/// The same name, for as long as the program runs.
pub(crate) fn collection(name: &str) -> Option<&'static str> {
    APPLIED_TO.into_iter().find(|known| *known == name)
}

/// An index that the host makes.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) collection: &'static str,
    pub(crate) name: &'static str,
    /// Fields in their order; −1 is downwards.
    pub(crate) keys: &'static [(&'static str, i32)],
    pub(crate) unique: bool,
}

const fn unique(collection: &'static str, name: &'static str, keys: &'static [(&'static str, i32)]) -> Index {
    Index { collection, name, keys, unique: true }
}

const fn index(collection: &'static str, name: &'static str, keys: &'static [(&'static str, i32)]) -> Index {
    Index { collection, name, keys, unique: false }
}

/// All indexes but those of `_id`, which a server makes itself.
pub(crate) const INDEXES: &[Index] = &[
    unique(COMMITS, "order", &[("order", 1)]),
    index(COMMIT_PARTS, "order", &[("order", 1)]),
    index(ANSWERS, "order", &[("order", 1)]),
    unique(EVENTS, "seq", &[("seq", 1)]),
    index(EVENTS, "state", &[("state", 1), ("seq", 1)]),
    index(EVENTS, "ended", &[("state", 1), ("ended", 1), ("seq", 1)]),
    unique(JOURNAL, "seq", &[("seq", 1)]),
    index(JOURNAL, "agent", &[("agent", 1), ("seq", 1)]),
    index(JOURNAL, "event", &[("event", 1)]),
    index(JOURNAL, "reads", &[("reads", 1)]),
    unique(OUTBOX, "seq", &[("seq", 1)]),
    index(OUTBOX, "provider_id", &[("provider_id", 1)]),
    index(OUTBOX, "account", &[("account", 1), ("seq", 1)]),
    unique(DOCUMENTS, "digest", &[("digest", 1)]),
    unique(CASTS, "key", &[("agent", 1), ("seq", 1)]),
    unique(KNOWN, "n", &[("n", 1)]),
    unique(PAST, "n", &[("n", 1)]),
    index(PAST, "handled", &[("handled", 1), ("n", 1)]),
    index(PAST, "agent", &[("agent", 1), ("handled", 1), ("n", 1)]),
    unique(SEEN, "n", &[("n", 1)]),
    index(OUTBOX, "state", &[("state", 1), ("seq", 1)]),
    index(OUTBOX, "agent", &[("agent", 1), ("state", 1), ("seq", 1)]),
    index(OUTBOX, "invocation", &[("invocation", 1), ("n", 1), ("seq", 1)]),
    unique(TIMERS, "key", &[("agent", 1), ("plugin", 1), ("name", 1)]),
    index(TIMERS, "next", &[("next", 1), ("agent", 1), ("plugin", 1), ("name", 1)]),
    unique(MOOD_LOG, "key", &[("agent", 1), ("journal", 1)]),
    unique(RELATIONSHIPS, "key", &[("agent", 1), ("target", 1)]),
    unique(PLUGIN_STATE, "key", &[("agent", 1), ("plugin", 1)]),
    index(PLUGIN_STATE, "digest", &[("plugin", 1), ("digest", 1), ("agent", 1)]),
    unique(STATE_KEPT, "n", &[("n", 1)]),
    index(STATE_KEPT, "plugin", &[("agent", 1), ("plugin", 1), ("n", 1)]),
    unique(MEMORIES, "key", &[("agent", 1), ("id", 1)]),
    index(MEMORIES, "at", &[("agent", 1), ("at", -1), ("id", 1)]),
    index(MEMORIES, "kind", &[("agent", 1), ("kind", 1), ("at", -1), ("id", 1)]),
    index(MEMORIES, "importance", &[("agent", 1), ("kind", 1), ("importance", 1), ("at", 1), ("id", -1)]),
    index(MEMORIES, "terms", &[("agent", 1), ("terms", 1), ("id", 1)]),
    index(MEMORIES, "model", &[("model", 1), ("agent", 1)]),
    unique(REMEMBERED, "key", &[("agent", 1), ("id", 1), ("journal", 1)]),
    index(POSTS, "number", &[("number", 1)]),
    index(POSTS, "at", &[("at", 1), ("number", 1)]),
    index(POSTS, "author", &[("author", 1), ("at", 1), ("number", 1)]),
    index(POSTS, "in_reply_to", &[("in_reply_to", 1)]),
    index(POSTS, "quotes", &[("quotes", 1)]),
    unique(POSTS, "effect", &[("effect", 1), ("part", 1)]),
    unique(LIKES, "key", &[("post", 1), ("account", 1)]),
    index(LIKES, "at", &[("at", 1)]),
    unique(
        BUDGETS,
        "key",
        &[("scope", 1), ("agent", 1), ("pack", 1), ("capability", 1), ("amount", 1), ("period", 1), ("window", 1)],
    ),
    unique(OPEN_READS, "key", &[("invocation", 1), ("n", 1)]),
    unique(KEPT_READS, "key", &[("invocation", 1), ("n", 1)]),
    index(KEPT_READS, "body", &[("body", 1)]),
    unique(STRIKES, "key", &[("plugin", 1), ("digest", 1)]),
    unique(PURSE_LOG, "key", &[("purse", 1), ("seq", 1)]),
    index(PURSE_LOG, "kind", &[("purse", 1), ("kind", 1), ("seq", 1)]),
    unique(BILLED, "key", &[("day", 1), ("account", 1)]),
    unique(SWAPS, "key", &[("swap", 1), ("n", 1)]),
    index(SWAPS, "open", &[("open", 1), ("swap", 1)]),
    index(SWAP_APPROVALS, "expires", &[("expires", 1), ("hash", 1)]),
    unique(CANDLES, "key", &[("market", 1), ("bar_seconds", 1), ("at", 1)]),
    index(API_SESSIONS, "family", &[("family", 1), ("used", 1)]),
    index(API_SESSIONS, "key", &[("key", 1)]),
    index(API_SESSIONS, "expires", &[("expires", 1)]),
    unique(API_CHANGES, "seq", &[("seq", 1)]),
    index(API_CHANGES, "agent", &[("agent", 1), ("seq", 1)]),
    index(API_CHANGES, "principal", &[("principal", 1), ("seq", 1)]),
    unique(API_ANSWERS, "key", &[("principal", 1), ("route", 1), ("key", 1)]),
    index(API_ANSWERS, "principal", &[("principal", 1), ("expires", 1), ("route", 1), ("key", 1)]),
    index(API_ANSWERS, "expires", &[("expires", 1), ("principal", 1), ("route", 1), ("key", 1)]),
];
