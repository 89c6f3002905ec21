-- The second form of events and journal, compact: what repeats stands once in a table of its own, and what is usual is
-- NULL. Programs write `event_rows` and `journal_rows`; the views `events` and `journal` say them in words, with the
-- columns that the tables had before (docs/reference/data-folder.md).

CREATE TABLE names (
    n INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE plugin_versions (
    n INTEGER PRIMARY KEY,
    plugin TEXT NOT NULL,
    version TEXT NOT NULL,
    digest BLOB NOT NULL,
    UNIQUE (digest, plugin, version)
);

-- Who an agent was when it was called: digests of its persona and of its settings.
CREATE TABLE characters (
    n INTEGER PRIMARY KEY,
    persona BLOB NOT NULL,
    settings BLOB NOT NULL,
    UNIQUE (persona, settings)
);

-- The row with the highest seq is never deleted, so that seq grows and never comes twice; so it is in journal_rows.
CREATE TABLE event_rows (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    not_before INTEGER,
    kind INTEGER NOT NULL,
    source INTEGER NOT NULL,
    agent INTEGER NOT NULL,
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

CREATE TABLE journal_rows (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    agent INTEGER NOT NULL,
    event INTEGER NOT NULL,
    plugin_version INTEGER NOT NULL,
    character INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT,
    message TEXT,
    retry_at INTEGER,
    fuel INTEGER NOT NULL,
    peak_memory INTEGER NOT NULL,
    strikes INTEGER NOT NULL,
    sandbox_us INTEGER,
    reads_us INTEGER,
    commit_us INTEGER,
    host_calls TEXT,
    seed INTEGER,
    unreplayable TEXT,
    reads TEXT,
    decisions TEXT,
    log TEXT
);

-- Ids of events whose rows are gone: one that comes again is still known. `n` is the order in which they went.
CREATE TABLE known (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    ended INTEGER NOT NULL
);

INSERT INTO names (name)
SELECT agent FROM events UNION SELECT agent FROM journal UNION SELECT kind FROM events UNION SELECT source FROM events;

INSERT INTO plugin_versions (plugin, version, digest) SELECT DISTINCT plugin, version, digest FROM journal;

INSERT INTO characters (persona, settings) SELECT DISTINCT persona, settings FROM journal;

INSERT INTO event_rows
SELECT seq, id, state, attempts, nullif(not_before, at), (SELECT n FROM names WHERE name = e.kind),
    (SELECT n FROM names WHERE name = e.source), (SELECT n FROM names WHERE name = e.agent), author, priority, at,
    payload, hops, cause, broadcast, reason, ended
FROM events e ORDER BY seq;

INSERT INTO journal_rows
SELECT seq, id, at, (SELECT n FROM names WHERE name = j.agent), event,
    (SELECT n FROM plugin_versions v WHERE v.digest = j.digest AND v.plugin = j.plugin AND v.version = j.version),
    (SELECT n FROM characters c WHERE c.persona = j.persona AND c.settings = j.settings),
    outcome, code, message, retry_at, fuel, peak_memory, strikes, timing ->> '$.sandbox', timing ->> '$.reads',
    timing ->> '$.commit', nullif(host_calls, '{}'), seed, unreplayable, nullif(reads, '[]'), nullif(decisions, '[]'),
    nullif(log, '[]')
FROM journal j ORDER BY seq;

DROP TABLE events;
DROP TABLE journal;

CREATE INDEX events_waiting ON event_rows (seq) WHERE state = 'waiting';
CREATE INDEX events_dead ON event_rows (ended, seq) WHERE state = 'dead';
CREATE INDEX journal_agent ON journal_rows (agent, seq);
CREATE INDEX journal_event ON journal_rows (event);

CREATE VIEW events AS
SELECT e.seq, e.id, e.state, e.attempts, coalesce(e.not_before, e.at) AS not_before,
    (SELECT name FROM names WHERE n = e.kind) AS kind, (SELECT name FROM names WHERE n = e.source) AS source,
    (SELECT name FROM names WHERE n = e.agent) AS agent, e.author, e.priority, e.at, e.payload, e.hops, e.cause,
    e.broadcast, e.reason, e.ended
FROM event_rows e;

CREATE VIEW journal AS
SELECT j.seq, j.id, j.at, (SELECT name FROM names WHERE n = j.agent) AS agent, j.event,
    (SELECT plugin FROM plugin_versions WHERE n = j.plugin_version) AS plugin,
    (SELECT version FROM plugin_versions WHERE n = j.plugin_version) AS version,
    (SELECT digest FROM plugin_versions WHERE n = j.plugin_version) AS digest,
    (SELECT persona FROM characters WHERE n = j.character) AS persona,
    (SELECT settings FROM characters WHERE n = j.character) AS settings, j.outcome, j.code, j.message, j.retry_at,
    j.fuel, j.peak_memory, j.strikes,
    iif(j.sandbox_us IS NULL, NULL,
        json_object('sandbox', j.sandbox_us, 'reads', j.reads_us, 'commit', j.commit_us)) AS timing,
    coalesce(j.host_calls, '{}') AS host_calls, coalesce(j.reads, '[]') AS reads,
    coalesce(j.decisions, '[]') AS decisions, coalesce(j.log, '[]') AS log, j.seed, j.unreplayable
FROM journal_rows j;

-- A row that is written in words is put down in numbers. What is new by name is looked for first: the conflict clause
-- of the outer statement would hold in here too.
CREATE TRIGGER events_written INSTEAD OF INSERT ON events BEGIN
    INSERT INTO names (name) SELECT NEW.kind WHERE NEW.kind NOT IN (SELECT name FROM names);
    INSERT INTO names (name) SELECT NEW.source WHERE NEW.source NOT IN (SELECT name FROM names);
    INSERT INTO names (name) SELECT NEW.agent WHERE NEW.agent NOT IN (SELECT name FROM names);
    INSERT INTO event_rows
    VALUES (NEW.seq, NEW.id, NEW.state, NEW.attempts, nullif(NEW.not_before, NEW.at),
        (SELECT n FROM names WHERE name = NEW.kind), (SELECT n FROM names WHERE name = NEW.source),
        (SELECT n FROM names WHERE name = NEW.agent), NEW.author, NEW.priority, NEW.at, NEW.payload, NEW.hops,
        NEW.cause, NEW.broadcast, NEW.reason, NEW.ended);
END;

CREATE TRIGGER journal_written INSTEAD OF INSERT ON journal BEGIN
    INSERT INTO names (name) SELECT NEW.agent WHERE NEW.agent NOT IN (SELECT name FROM names);
    INSERT INTO plugin_versions (plugin, version, digest) SELECT NEW.plugin, NEW.version, NEW.digest
        WHERE NOT EXISTS (SELECT 1 FROM plugin_versions v
            WHERE v.digest = NEW.digest AND v.plugin = NEW.plugin AND v.version = NEW.version);
    INSERT INTO characters (persona, settings) SELECT NEW.persona, NEW.settings
        WHERE NOT EXISTS (SELECT 1 FROM characters c WHERE c.persona = NEW.persona AND c.settings = NEW.settings);
    INSERT INTO journal_rows
    VALUES (NEW.seq, NEW.id, NEW.at, (SELECT n FROM names WHERE name = NEW.agent), NEW.event,
        (SELECT n FROM plugin_versions v
            WHERE v.digest = NEW.digest AND v.plugin = NEW.plugin AND v.version = NEW.version),
        (SELECT n FROM characters c WHERE c.persona = NEW.persona AND c.settings = NEW.settings), NEW.outcome, NEW.code,
        NEW.message, NEW.retry_at, NEW.fuel, NEW.peak_memory, NEW.strikes, NEW.timing ->> '$.sandbox',
        NEW.timing ->> '$.reads', NEW.timing ->> '$.commit', nullif(NEW.host_calls, '{}'), NEW.seed, NEW.unreplayable,
        nullif(NEW.reads, '[]'), nullif(NEW.decisions, '[]'), nullif(NEW.log, '[]'));
END;

-- Which form this is: 1 was the plain tables.
ALTER TABLE meta ADD COLUMN journal_format INTEGER NOT NULL DEFAULT 2;
