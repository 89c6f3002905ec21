//! Every question that is asked of a server, with the index that answers it. Nothing is asked that is not here, but for
//! what a search index answers (`nearest.rs`): what is asked names its entry, and tests compare entry, filter and index.

use mongodb::bson::{Bson, Document};

use crate::schema::{
    AGENTS, ANSWERS, API_ANSWERS, API_CHANGES, API_KEYS, API_SESSIONS, BILLED, BUDGETS, CANDLES, CASTS, COMMIT_PARTS,
    COMMITS, DOCUMENTS, EVENTS, HALT, HEARD, JOURNAL, KEPT_READS, KNOWN, LIKES, MEMORIES, META, MOOD_LOG, MOODS,
    OPEN_READS, OUTBOX, PAST, PLUGIN_STATE, POSTS, PURSE_LOG, PURSES, RELATIONSHIPS, REMEMBERED, SEEN, STATE_KEPT,
    STRIKES, SWAP_APPROVALS, SWAPS, TIMERS,
};

/// A question.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) name: &'static str,
    pub(crate) collection: &'static str,
    /// Of [`crate::schema::INDEXES`], or `_id_`.
    pub(crate) index: &'static str,
    /// Fields that equal something, or one of a few: the first of the index.
    pub(crate) equal: &'static [&'static str],
    /// Fields that are compared: after those, in the index.
    pub(crate) compared: &'static [&'static str],
    /// Fields that are looked at in the documents that the index finds.
    pub(crate) also: &'static [&'static str],
    /// The order, which is the index's, either way.
    pub(crate) sort: &'static [(&'static str, i32)],
}

const NONE: Query = Query { name: "", collection: "", index: "_id_", equal: &[], compared: &[], also: &[], sort: &[] };

/// Declares queries, and the list of all of them.
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident: $collection:ident, $index:literal { $($field:ident: $value:expr),* $(,)? })*) => {
        $($(#[$doc])* #[allow(clippy::needless_update, reason = "some say everything")] pub(crate) const $name: Query =
            Query { name: stringify!($name), collection: $collection, index: $index, $($field: $value,)* ..NONE };)*

        /// All of them.
        #[cfg(test)]
        pub(crate) const ALL: &[&Query] = &[$(&$name),*];
    };
}

queries! {
    HEADS: COMMITS, "order" { sort: &[("order", 1)] }
    LAST_COMMIT: COMMITS, "order" { sort: &[("order", -1)] }
    PENDING: COMMITS, "order" { compared: &["order"], sort: &[("order", 1)] }
    PARTS: COMMIT_PARTS, "_id_" { equal: &["_id"] }
    LATE_PARTS: COMMIT_PARTS, "order" { compared: &["order"] }
    ANSWERS_BY_ID: ANSWERS, "_id_" { equal: &["_id"] }
    LATE_ANSWERS: ANSWERS, "order" { compared: &["order"] }
    META_BY_ID: META, "_id_" { equal: &["_id"] }
    EVENTS_BY_ID: EVENTS, "_id_" { equal: &["_id"] }
    EVENTS_BY_SEQ: EVENTS, "seq" { equal: &["seq"], sort: &[("seq", 1)] }
    EVENTS_AFTER: EVENTS, "seq" { compared: &["seq"], sort: &[("seq", 1)] }
    EVENTS_WAITING: EVENTS, "state" {
        equal: &["state"], compared: &["seq"], also: &["agent"], sort: &[("seq", 1)]
    }
    EVENTS_DEAD: EVENTS, "ended" {
        equal: &["state"], compared: &["ended", "seq"], also: &["agent"], sort: &[("ended", -1), ("seq", -1)]
    }
    JOURNAL_BY_ID: JOURNAL, "_id_" { equal: &["_id"] }
    JOURNAL_BY_SEQ: JOURNAL, "seq" { equal: &["seq"], sort: &[("seq", 1)] }
    JOURNAL_AFTER: JOURNAL, "seq" { compared: &["seq"], also: &["outcome", "at"], sort: &[("seq", 1)] }
    JOURNAL_BEFORE: JOURNAL, "seq" { compared: &["seq"], also: &["outcome", "at"], sort: &[("seq", -1)] }
    JOURNAL_OF_AFTER: JOURNAL, "agent" {
        equal: &["agent"], compared: &["seq"], also: &["outcome", "at"], sort: &[("seq", 1)]
    }
    JOURNAL_OF_BEFORE: JOURNAL, "agent" {
        equal: &["agent"], compared: &["seq"], also: &["outcome", "at"], sort: &[("seq", -1)]
    }
    JOURNAL_OF_EVENT: JOURNAL, "event" { equal: &["event"] }
    JOURNAL_OF_READS: JOURNAL, "reads" { equal: &["reads"] }
    EFFECTS_BY_ID: OUTBOX, "_id_" { equal: &["_id"] }
    EFFECTS_BY_SEQ: OUTBOX, "seq" { equal: &["seq"], sort: &[("seq", 1)] }
    EFFECTS_BY_STATE: OUTBOX, "state" { equal: &["state"], sort: &[("seq", 1)] }
    EFFECTS_BEFORE: OUTBOX, "seq" { compared: &["seq"], sort: &[("seq", -1)] }
    EFFECTS_IN_BEFORE: OUTBOX, "state" { equal: &["state"], compared: &["seq"], sort: &[("seq", -1)] }
    EFFECTS_BY_BEFORE: OUTBOX, "agent" { equal: &["agent", "state"], compared: &["seq"], sort: &[("seq", -1)] }
    EFFECTS_OF: OUTBOX, "invocation" { equal: &["invocation"], sort: &[("n", 1), ("seq", 1)] }
    TIMERS_BY_ID: TIMERS, "_id_" { equal: &["_id"] }
    TIMERS_BY_TIME: TIMERS, "next" { sort: &[("next", 1), ("agent", 1), ("plugin", 1), ("name", 1)] }
    TIMERS_OF_AGENT: TIMERS, "key" { equal: &["agent"] }
    TIMERS_OF: TIMERS, "key" { equal: &["agent", "plugin"], sort: &[("name", 1)] }
    AGENTS_BY_ID: AGENTS, "_id_" { equal: &["_id"] }
    AGENTS_AFTER: AGENTS, "_id_" { compared: &["_id"], sort: &[("_id", 1)] }
    MOODS_BY_ID: MOODS, "_id_" { equal: &["_id"] }
    MOOD_LOG_BY_ID: MOOD_LOG, "_id_" { equal: &["_id"] }
    MOOD_LOG_OF: MOOD_LOG, "key" { equal: &["agent"], compared: &["journal"], also: &["at"], sort: &[("journal", -1)] }
    ROWS_MOOD_LOG: MOOD_LOG, "key" { compared: &["agent", "journal"], sort: &[("agent", 1), ("journal", 1)] }
    RELATIONSHIPS_BY_ID: RELATIONSHIPS, "_id_" { equal: &["_id"] }
    RELATIONSHIPS_OF: RELATIONSHIPS, "key" { equal: &["agent"], sort: &[("target", 1)] }
    STATES_BY_ID: PLUGIN_STATE, "_id_" { equal: &["_id"] }
    STATES_WRITTEN_BY: PLUGIN_STATE, "digest" { equal: &["plugin", "digest"], sort: &[("agent", 1)] }
    STATES_KEPT_BY_ID: STATE_KEPT, "_id_" { equal: &["_id"] }
    STATES_KEPT_BY_N: STATE_KEPT, "n" { equal: &["n"] }
    STATES_KEPT: STATE_KEPT, "plugin" { equal: &["agent", "plugin"], sort: &[("n", -1)] }
    MEMORIES_BY_ID: MEMORIES, "_id_" { equal: &["_id"] }
    MEMORIES_OF: MEMORIES, "at" {
        equal: &["agent"], compared: &["at", "id"], also: &["model"], sort: &[("at", -1), ("id", 1)]
    }
    MEMORIES_OF_KIND: MEMORIES, "kind" {
        equal: &["agent", "kind"], compared: &["at", "id"], sort: &[("at", -1), ("id", 1)]
    }
    MEMORIES_OLDEST: MEMORIES, "kind" { equal: &["agent", "kind"], also: &["pinned"], sort: &[("at", 1), ("id", -1)] }
    MEMORIES_LEAST: MEMORIES, "importance" {
        equal: &["agent", "kind"], also: &["pinned"], sort: &[("importance", 1), ("at", 1), ("id", -1)]
    }
    MEMORIES_WITH_TERMS: MEMORIES, "terms" { equal: &["agent", "terms"], also: &["kind"], sort: &[("id", 1)] }
    MEMORIES_COUNTED: MEMORIES, "kind" { equal: &["agent", "kind"] }
    MEMORIES_MEASURED: MEMORIES, "key" { equal: &["agent"] }
    MEMORIES_OF_OTHER_MODELS: MEMORIES, "model" { compared: &["model"] }
    REMEMBERED_BY_ID: REMEMBERED, "_id_" { equal: &["_id"] }
    REMEMBERED_OF: REMEMBERED, "key" { equal: &["agent", "id"] }
    POSTS_BY_ID: POSTS, "_id_" { equal: &["_id"] }
    POSTS_OF_EFFECT: POSTS, "effect" { equal: &["effect"], sort: &[("part", 1)] }
    POSTS_BEFORE: POSTS, "at" {
        compared: &["at", "number"], also: &["deleted", "author", "in_reply_to"], sort: &[("at", -1), ("number", -1)]
    }
    POSTS_BEFORE_OF: POSTS, "author" {
        equal: &["author"], compared: &["at", "number"], also: &["deleted", "in_reply_to"],
        sort: &[("at", -1), ("number", -1)]
    }
    POSTS_LAST: POSTS, "number" { sort: &[("number", -1)] }
    REPLIES: POSTS, "in_reply_to" { equal: &["in_reply_to"], also: &["deleted"] }
    QUOTES: POSTS, "quotes" { equal: &["quotes"], also: &["deleted"] }
    LIKES_BY_ID: LIKES, "_id_" { equal: &["_id"] }
    LIKES_OF: LIKES, "key" { equal: &["post"] }
    LIKES_BY_TIME: LIKES, "at" { sort: &[("at", 1)] }
    BUDGETS_BY_ID: BUDGETS, "_id_" { equal: &["_id"] }
    BUDGETS_ALL: BUDGETS, "key" {
        sort: &[("scope", 1), ("agent", 1), ("pack", 1), ("capability", 1), ("amount", 1), ("period", 1), ("window", 1)]
    }
    OPEN_READS_BY_ID: OPEN_READS, "_id_" { equal: &["_id"] }
    OPEN_READS_OF: OPEN_READS, "key" { equal: &["invocation"], sort: &[("n", 1)] }
    OPEN_READS_ALL: OPEN_READS, "key" { sort: &[("invocation", 1), ("n", 1)] }
    KEPT_READS_BY_ID: KEPT_READS, "_id_" { equal: &["_id"] }
    KEPT_READS_OF: KEPT_READS, "key" { equal: &["invocation"], sort: &[("n", 1)] }
    KEPT_READS_ALL: KEPT_READS, "key" { sort: &[("invocation", 1), ("n", 1)] }
    KEPT_READS_WITH: KEPT_READS, "body" { equal: &["body"] }
    STRIKES_BY_ID: STRIKES, "_id_" { equal: &["_id"] }
    STRIKES_ALL: STRIKES, "key" { sort: &[("plugin", 1), ("digest", 1)] }
    DOCUMENTS_BY_ID: DOCUMENTS, "_id_" { equal: &["_id"] }
    CASTS_BY_ID: CASTS, "_id_" { equal: &["_id"] }
    CASTS_OF: CASTS, "key" { equal: &["agent"] }
    CASTS_AT: CASTS, "key" { equal: &["agent"], compared: &["seq"], sort: &[("seq", -1)] }
    ROWS_DOCUMENTS: DOCUMENTS, "digest" { compared: &["digest"], sort: &[("digest", 1)] }
    ROWS_CASTS: CASTS, "key" { compared: &["agent", "seq"], sort: &[("agent", 1), ("seq", 1)] }
    KNOWN_BY_ID: KNOWN, "_id_" { equal: &["_id"] }
    KNOWN_BY_N: KNOWN, "n" { equal: &["n"] }
    KNOWN_OLDEST: KNOWN, "n" { sort: &[("n", 1)] }
    PAST_BY_ID: PAST, "_id_" { equal: &["_id"] }
    PAST_BY_N: PAST, "n" { equal: &["n"] }
    PAST_LATEST: PAST, "handled" { sort: &[("handled", -1), ("n", -1)] }
    PAST_LATEST_OF: PAST, "agent" { equal: &["agent"], sort: &[("handled", -1), ("n", -1)] }
    SEEN_BY_ID: SEEN, "_id_" { equal: &["_id"] }
    SEEN_BY_N: SEEN, "n" { equal: &["n"] }
    SEEN_OLDEST: SEEN, "n" { sort: &[("n", 1)] }
    JOURNAL_AGENTS: JOURNAL, "agent" {}
    EVENTS_LAST: EVENTS, "seq" { sort: &[("seq", -1)] }
    EVENTS_DEAD_BEFORE: EVENTS, "ended" { equal: &["state"], compared: &["ended"] }
    EFFECTS_AS: OUTBOX, "account" { equal: &["account"], also: &["provider_id"], sort: &[("seq", -1)] }
    ROWS_KNOWN: KNOWN, "n" { compared: &["n"], sort: &[("n", 1)] }
    ROWS_PAST: PAST, "n" { compared: &["n"], sort: &[("n", 1)] }
    ROWS_SEEN: SEEN, "n" { compared: &["n"], sort: &[("n", 1)] }
    HALT_BY_ID: HALT, "_id_" { equal: &["_id"] }
    HEARD_BY_ID: HEARD, "_id_" { equal: &["_id"] }
    HEARD_ALL: HEARD, "_id_" { sort: &[("_id", 1)] }
    BILLED_BY_ID: BILLED, "_id_" { equal: &["_id"] }
    BILLED_SINCE: BILLED, "key" { compared: &["day"], sort: &[("day", 1), ("account", 1)] }
    EFFECTS_MADE: OUTBOX, "provider_id" { compared: &["provider_id"], sort: &[("provider_id", 1)] }
    ROWS_OUTBOX: OUTBOX, "seq" { compared: &["seq"], sort: &[("seq", 1)] }
    ROWS_TIMERS: TIMERS, "key" {
        compared: &["agent", "plugin", "name"], sort: &[("agent", 1), ("plugin", 1), ("name", 1)]
    }
    ROWS_MOODS: MOODS, "_id_" { compared: &["_id"], sort: &[("_id", 1)] }
    ROWS_HALT: HALT, "_id_" { compared: &["_id"], sort: &[("_id", 1)] }
    ROWS_POSTS: POSTS, "_id_" { compared: &["_id"], sort: &[("_id", 1)] }
    ROWS_RELATIONSHIPS: RELATIONSHIPS, "key" { compared: &["agent", "target"], sort: &[("agent", 1), ("target", 1)] }
    ROWS_PLUGIN_STATE: PLUGIN_STATE, "key" { compared: &["agent", "plugin"], sort: &[("agent", 1), ("plugin", 1)] }
    ROWS_STATE_KEPT: STATE_KEPT, "n" { compared: &["n"], sort: &[("n", 1)] }
    ROWS_MEMORIES: MEMORIES, "key" { compared: &["agent", "id"], sort: &[("agent", 1), ("id", 1)] }
    ROWS_REMEMBERED: REMEMBERED, "key" {
        compared: &["agent", "id", "journal"], sort: &[("agent", 1), ("id", 1), ("journal", 1)]
    }
    ROWS_LIKES: LIKES, "key" { compared: &["post", "account"], sort: &[("post", 1), ("account", 1)] }
    ROWS_BUDGETS: BUDGETS, "key" {
        compared: &["scope", "agent", "pack", "capability", "amount", "period", "window"],
        sort: &[("scope", 1), ("agent", 1), ("pack", 1), ("capability", 1), ("amount", 1), ("period", 1), ("window", 1)]
    }
    ROWS_OPEN_READS: OPEN_READS, "key" { compared: &["invocation", "n"], sort: &[("invocation", 1), ("n", 1)] }
    ROWS_KEPT_READS: KEPT_READS, "key" { compared: &["invocation", "n"], sort: &[("invocation", 1), ("n", 1)] }
    ROWS_STRIKES: STRIKES, "key" { compared: &["plugin", "digest"], sort: &[("plugin", 1), ("digest", 1)] }
    PURSES_BY_ID: PURSES, "_id_" { equal: &["_id"] }
    PURSES_ALL: PURSES, "_id_" { sort: &[("_id", 1)] }
    PURSE_LOG_BY_ID: PURSE_LOG, "_id_" { equal: &["_id"] }
    PURSE_LOG_OF: PURSE_LOG, "kind" { equal: &["purse", "kind"], compared: &["seq"], sort: &[("seq", 1)] }
    PURSE_PAST_OF: PURSE_LOG, "kind" { equal: &["purse", "kind"], compared: &["seq"], sort: &[("seq", -1)] }
    SWAPS_BY_ID: SWAPS, "_id_" { equal: &["_id"] }
    SWAP_OF: SWAPS, "key" { equal: &["swap"], sort: &[("n", 1)] }
    SWAPS_OPEN: SWAPS, "open" { equal: &["open"], sort: &[("swap", 1)] }
    SWAP_APPROVALS_BY_ID: SWAP_APPROVALS, "_id_" { equal: &["_id"] }
    SWAP_APPROVALS_ALL: SWAP_APPROVALS, "expires" { sort: &[("expires", 1), ("hash", 1)] }
    CANDLES_BY_ID: CANDLES, "_id_" { equal: &["_id"] }
    CANDLES_OF: CANDLES, "key" { equal: &["market", "bar_seconds"], compared: &["at"], sort: &[("at", 1)] }
    CANDLES_LAST: CANDLES, "key" { equal: &["market", "bar_seconds"], sort: &[("at", -1)] }
    ROWS_HEARD: HEARD, "_id_" { compared: &["_id"], sort: &[("_id", 1)] }
    ROWS_BILLED: BILLED, "key" { compared: &["day", "account"], sort: &[("day", 1), ("account", 1)] }
    ROWS_PURSES: PURSES, "_id_" { compared: &["_id"], sort: &[("_id", 1)] }
    ROWS_PURSE_LOG: PURSE_LOG, "key" { compared: &["purse", "seq"], sort: &[("purse", 1), ("seq", 1)] }
    ROWS_SWAPS: SWAPS, "key" { compared: &["swap", "n"], sort: &[("swap", 1), ("n", 1)] }
    ROWS_SWAP_APPROVALS: SWAP_APPROVALS, "_id_" { compared: &["_id"], sort: &[("_id", 1)] }
    API_KEYS_BY_ID: API_KEYS, "_id_" { equal: &["_id"] }
    ROWS_API_KEYS: API_KEYS, "_id_" { compared: &["_id"], sort: &[("_id", 1)] }
    API_SESSIONS_BY_ID: API_SESSIONS, "_id_" { equal: &["_id"] }
    API_SESSIONS_OF: API_SESSIONS, "family" { equal: &["family"] }
    API_SESSIONS_LAST: API_SESSIONS, "family" { equal: &["family", "used"] }
    API_SESSIONS_OF_KEY: API_SESSIONS, "key" { equal: &["key"] }
    API_SESSIONS_OVER: API_SESSIONS, "expires" { compared: &["expires"], sort: &[("expires", 1)] }
    ROWS_API_SESSIONS: API_SESSIONS, "_id_" { compared: &["_id"], sort: &[("_id", 1)] }
    API_CHANGES_BY_ID: API_CHANGES, "_id_" { equal: &["_id"] }
    API_CHANGES_BEFORE: API_CHANGES, "seq" { compared: &["seq"], also: &["at"], sort: &[("seq", -1)] }
    API_CHANGES_ABOUT: API_CHANGES, "agent" {
        equal: &["agent"], compared: &["seq"], also: &["principal", "at"], sort: &[("seq", -1)]
    }
    API_CHANGES_BY: API_CHANGES, "principal" {
        equal: &["principal"], compared: &["seq"], also: &["at"], sort: &[("seq", -1)]
    }
    ROWS_API_CHANGES: API_CHANGES, "seq" { compared: &["seq"], sort: &[("seq", 1)] }
    API_ANSWERS_BY_ID: API_ANSWERS, "_id_" { equal: &["_id"] }
    API_ANSWERS_BY_END: API_ANSWERS, "expires" {
        compared: &["expires"], sort: &[("expires", 1), ("principal", 1), ("route", 1), ("key", 1)]
    }
    API_ANSWERS_OF: API_ANSWERS, "principal" {
        equal: &["principal"], sort: &[("expires", 1), ("route", 1), ("key", 1)]
    }
    ROWS_API_ANSWERS: API_ANSWERS, "key" {
        compared: &["principal", "route", "key"], sort: &[("principal", 1), ("route", 1), ("key", 1)]
    }
    ROWS_CANDLES: CANDLES, "key" {
        compared: &["market", "bar_seconds", "at"], sort: &[("market", 1), ("bar_seconds", 1), ("at", 1)]
    }
}

/// The question by which rows of a collection are found by `_id`.
pub(crate) fn by_id(collection: &'static str) -> &'static Query {
    match collection {
        META => &META_BY_ID,
        EVENTS => &EVENTS_BY_ID,
        JOURNAL => &JOURNAL_BY_ID,
        OUTBOX => &EFFECTS_BY_ID,
        TIMERS => &TIMERS_BY_ID,
        AGENTS => &AGENTS_BY_ID,
        MOODS => &MOODS_BY_ID,
        MOOD_LOG => &MOOD_LOG_BY_ID,
        RELATIONSHIPS => &RELATIONSHIPS_BY_ID,
        PLUGIN_STATE => &STATES_BY_ID,
        STATE_KEPT => &STATES_KEPT_BY_ID,
        MEMORIES => &MEMORIES_BY_ID,
        REMEMBERED => &REMEMBERED_BY_ID,
        POSTS => &POSTS_BY_ID,
        LIKES => &LIKES_BY_ID,
        BUDGETS => &BUDGETS_BY_ID,
        OPEN_READS => &OPEN_READS_BY_ID,
        KEPT_READS => &KEPT_READS_BY_ID,
        STRIKES => &STRIKES_BY_ID,
        DOCUMENTS => &DOCUMENTS_BY_ID,
        CASTS => &CASTS_BY_ID,
        KNOWN => &KNOWN_BY_ID,
        PAST => &PAST_BY_ID,
        SEEN => &SEEN_BY_ID,
        HEARD => &HEARD_BY_ID,
        BILLED => &BILLED_BY_ID,
        PURSES => &PURSES_BY_ID,
        PURSE_LOG => &PURSE_LOG_BY_ID,
        SWAPS => &SWAPS_BY_ID,
        SWAP_APPROVALS => &SWAP_APPROVALS_BY_ID,
        CANDLES => &CANDLES_BY_ID,
        API_KEYS => &API_KEYS_BY_ID,
        API_SESSIONS => &API_SESSIONS_BY_ID,
        API_CHANGES => &API_CHANGES_BY_ID,
        API_ANSWERS => &API_ANSWERS_BY_ID,
        _ => &HALT_BY_ID,
    }
}

impl Query {
    /// The order as a document.
    pub(crate) fn order(&self) -> Document {
        self.sort.iter().map(|(field, way)| ((*field).to_owned(), Bson::Int32(*way))).collect()
    }

    /// Whether a filter asks no more than is declared.
    pub(crate) fn allows(&self, filter: &Document) -> bool {
        filter.iter().all(|(field, value)| match value {
            Bson::Array(branches) if field == "$or" => {
                branches.iter().all(|branch| branch.as_document().is_some_and(|branch| self.allows(branch)))
            }
            _ => [self.equal, self.compared, self.also].concat().contains(&field.as_str()),
        })
    }
}
