-- Why a record cannot be run again: something of it was redacted or forgotten. NULL where it can.
ALTER TABLE journal ADD COLUMN unreplayable TEXT;

-- Which records hold the words of a memory: `memory` is its row, `journal` the record's seq. It goes with the memory.
-- Memories that were written under an earlier schema have no rows here.
CREATE TABLE remembered (
    memory INTEGER NOT NULL,
    journal INTEGER NOT NULL,
    PRIMARY KEY (memory, journal)
) WITHOUT ROWID;
