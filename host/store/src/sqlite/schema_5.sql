-- Which component wrote a blob: SHA-256 of its bytes, NULL where an earlier version did not write it down. A blob that
-- was cleared stays as a row without data, so that it is known who cleared it.
ALTER TABLE plugin_state ADD COLUMN digest BLOB;
ALTER TABLE plugin_state ADD COLUMN cleared INTEGER NOT NULL DEFAULT 0;

-- What another component had written when one wrote for the first time. `digest` wrote it (empty: unknown),
-- `replaced_by` wrote after it. At most a few per agent and plugin, the latest by `n`.
CREATE TABLE state_kept (
    n INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    plugin TEXT NOT NULL,
    digest BLOB NOT NULL,
    version INTEGER NOT NULL,
    data BLOB NOT NULL,
    cleared INTEGER NOT NULL,
    replaced_by BLOB NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (agent, plugin, digest)
);
