-- While rows are copied into this database: where from. No host runs on half a copy.
CREATE TABLE copying (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    source TEXT NOT NULL
);
