-- Keys of the server. `hash` is of the whole key; `agents` is a JSON list, NULL where it is for all of them.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    role TEXT NOT NULL,
    agents TEXT,
    created INTEGER NOT NULL,
    expires INTEGER,
    last_used INTEGER,
    revoked INTEGER
) WITHOUT ROWID;

-- Links of sessions: `hash` is SHA-256 of the token that renews one.
CREATE TABLE api_sessions (
    hash BLOB NOT NULL PRIMARY KEY,
    family TEXT NOT NULL,
    key TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER
) WITHOUT ROWID;
CREATE INDEX api_sessions_family ON api_sessions (family, used);
CREATE INDEX api_sessions_key ON api_sessions (key);
CREATE INDEX api_sessions_expires ON api_sessions (expires);

-- Who changed what over the server. AUTOINCREMENT: a number never comes twice, also when the last row is gone.
CREATE TABLE api_changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    principal TEXT NOT NULL,
    role TEXT NOT NULL,
    address TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    agent TEXT,
    what TEXT NOT NULL,
    before TEXT,
    after TEXT,
    status INTEGER NOT NULL
);
CREATE INDEX api_changes_agent ON api_changes (agent, seq) WHERE agent IS NOT NULL;
CREATE INDEX api_changes_principal ON api_changes (principal, seq);

-- Answers that are given once more to the same question. `headers` is a JSON list of pairs.
CREATE TABLE api_answers (
    principal TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    asked BLOB NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (principal, route, key)
) WITHOUT ROWID;
CREATE INDEX api_answers_expires ON api_answers (expires);

-- How an agent felt after an invocation that changed it: `journal` is the seq of its record, with which it goes.
CREATE TABLE mood_log (
    agent TEXT NOT NULL,
    journal INTEGER NOT NULL,
    at INTEGER NOT NULL,
    valence REAL NOT NULL,
    arousal REAL NOT NULL,
    dominance REAL NOT NULL,
    PRIMARY KEY (agent, journal)
) WITHOUT ROWID;

-- Effects of one agent, newest first, of some states.
CREATE INDEX outbox_agent ON outbox (agent, state, seq);
