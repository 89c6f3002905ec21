-- The operator's stop: a row while nothing may leave, and none otherwise.
CREATE TABLE halt (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    since INTEGER NOT NULL,
    reason TEXT
);

-- Until when the operator may approve an effect that waits for that; NULL where nobody is asked.
ALTER TABLE outbox ADD COLUMN expires INTEGER;
