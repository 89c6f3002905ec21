-- What agents were cast with, under the SHA-256 of the body. Written once, never changed.
CREATE TABLE documents (digest BLOB PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;

-- From this place of the journal (`journal.seq`) on, an agent's records were made with what this document says.
CREATE TABLE casts (
    agent TEXT NOT NULL,
    seq INTEGER NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (agent, seq)
) WITHOUT ROWID;
