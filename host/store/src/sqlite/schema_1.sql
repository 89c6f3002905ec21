-- Schema 1. Times are milliseconds since 1970 UTC. Never edited once released.

CREATE TABLE meta (
    version_of_puppet TEXT NOT NULL,
    created INTEGER NOT NULL
);
INSERT INTO meta VALUES ('', CAST(unixepoch('subsec') * 1000 AS INTEGER));

-- Rows are never deleted, so that seq grows and never comes twice.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    agent TEXT NOT NULL,
    author TEXT,
    priority INTEGER NOT NULL,
    at INTEGER NOT NULL,
    payload TEXT NOT NULL,
    hops INTEGER NOT NULL,
    cause TEXT,
    broadcast TEXT,
    reason TEXT,
    ended INTEGER
);
CREATE INDEX events_waiting ON events (seq) WHERE state = 'waiting';
CREATE INDEX events_dead ON events (ended, seq) WHERE state = 'dead';

-- The event is a reference: it is kept once.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    agent TEXT NOT NULL,
    event INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    version TEXT NOT NULL,
    digest BLOB NOT NULL,
    persona BLOB NOT NULL,
    settings BLOB NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT,
    message TEXT,
    retry_at INTEGER,
    fuel INTEGER NOT NULL,
    peak_memory INTEGER NOT NULL,
    strikes INTEGER NOT NULL,
    timing TEXT,
    host_calls TEXT NOT NULL,
    reads TEXT NOT NULL,
    decisions TEXT NOT NULL,
    log TEXT NOT NULL
);
CREATE INDEX journal_agent ON journal (agent, seq);

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    agent TEXT NOT NULL,
    account TEXT NOT NULL,
    invocation TEXT NOT NULL,
    n INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    hops INTEGER NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    provider_id TEXT,
    reason TEXT,
    ended INTEGER
);
CREATE INDEX outbox_state ON outbox (state, seq);
CREATE INDEX outbox_invocation ON outbox (invocation, n);

CREATE TABLE timers (
    agent TEXT NOT NULL,
    plugin TEXT NOT NULL,
    name TEXT NOT NULL,
    rule TEXT NOT NULL,
    next INTEGER NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (agent, plugin, name)
) WITHOUT ROWID;

CREATE TABLE agents (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    created INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE moods (
    agent TEXT PRIMARY KEY,
    valence REAL NOT NULL,
    arousal REAL NOT NULL,
    dominance REAL NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE relationships (
    agent TEXT NOT NULL,
    target TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agent, target)
) WITHOUT ROWID;

CREATE TABLE plugin_state (
    agent TEXT NOT NULL,
    plugin TEXT NOT NULL,
    version INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (agent, plugin)
);

-- `model` says who made the vector; both are there or neither is.
CREATE TABLE memories (
    row INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    at INTEGER NOT NULL,
    importance REAL NOT NULL,
    valence REAL NOT NULL,
    associations TEXT NOT NULL,
    metadata TEXT NOT NULL,
    author TEXT,
    trust TEXT NOT NULL,
    pinned INTEGER NOT NULL,
    vector BLOB,
    model TEXT,
    UNIQUE (agent, id)
);
-- Everything a cap looks at.
CREATE INDEX memories_kind ON memories (agent, kind, at, id, importance, pinned);

-- `owner` is one token per agent, so that a search walks the rows of one agent and no other's.
CREATE VIRTUAL TABLE memories_text USING fts5 (
    owner, content, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

-- Deleted posts stay as marks: their numbers do not come back, nor do they when their effect is tried again.
CREATE TABLE posts (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,
    in_reply_to TEXT,
    quotes TEXT,
    conversation TEXT NOT NULL,
    thread TEXT,
    media TEXT NOT NULL,
    hops INTEGER NOT NULL,
    effect TEXT NOT NULL,
    part INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    UNIQUE (effect, part)
);
CREATE INDEX posts_number ON posts (number);
CREATE INDEX posts_at ON posts (at, number);
CREATE INDEX posts_author ON posts (author, at, number);
CREATE INDEX posts_replies ON posts (in_reply_to) WHERE in_reply_to IS NOT NULL;
CREATE INDEX posts_quotes ON posts (quotes) WHERE quotes IS NOT NULL;

CREATE TABLE likes (
    post TEXT NOT NULL,
    account TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (post, account)
) WITHOUT ROWID;

CREATE TABLE budgets (
    scope TEXT NOT NULL,
    agent TEXT NOT NULL,
    pack TEXT NOT NULL,
    capability TEXT NOT NULL,
    amount TEXT NOT NULL,
    period TEXT NOT NULL,
    "window" INTEGER NOT NULL,
    used INTEGER NOT NULL,
    overrun INTEGER NOT NULL,
    PRIMARY KEY (scope, agent, pack, capability, amount, period, "window")
) WITHOUT ROWID;

CREATE TABLE open_reads (
    invocation TEXT NOT NULL,
    n INTEGER NOT NULL,
    worst TEXT NOT NULL,
    PRIMARY KEY (invocation, n)
) WITHOUT ROWID;

CREATE TABLE kept_reads (
    invocation TEXT NOT NULL,
    n INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (invocation, n)
) WITHOUT ROWID;
