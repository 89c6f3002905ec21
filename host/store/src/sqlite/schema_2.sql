-- What an invocation drew from, as the same 64 bits; NULL in rows of schema 1.
ALTER TABLE journal ADD COLUMN seed INTEGER;

-- Strikes of plugin versions. `body` is the engine's own; a row of a lower revision never replaces one of a higher.
CREATE TABLE strikes (
    plugin TEXT NOT NULL,
    digest BLOB NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (plugin, digest)
) WITHOUT ROWID;
