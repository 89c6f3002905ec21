-- Events that another engine handled before this deployment. `event` is the whole of it, as JSON; never run again.
CREATE TABLE past (
    n INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    id TEXT NOT NULL,
    handled INTEGER NOT NULL,
    event TEXT NOT NULL,
    UNIQUE (agent, id)
);
CREATE INDEX past_handled ON past (handled, n);
CREATE INDEX past_agent ON past (agent, handled, n);

-- Posts that were seen to before, the latest by `n`: whoever takes mentions in from outside asks here first.
CREATE TABLE seen (
    n INTEGER PRIMARY KEY,
    post TEXT NOT NULL UNIQUE
);
