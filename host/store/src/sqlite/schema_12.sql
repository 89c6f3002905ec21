-- Trading: the books of a wallet (real or on paper) between two entries of their log.
CREATE TABLE purses (
    name TEXT NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
);

-- What a purse did, from 1 on. Kinds are asked for by themselves: a save among thousands of steps is found at once.
CREATE TABLE purse_log (
    purse TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (purse, seq)
);
CREATE INDEX purse_log_kind ON purse_log (purse, kind, seq);

-- Entries of real swaps, from 0 on; nothing comes after an end. `open` is 1 in the first entry while there is none.
CREATE TABLE swaps (
    swap TEXT NOT NULL,
    n INTEGER NOT NULL,
    wallet TEXT NOT NULL,
    at INTEGER NOT NULL,
    is_end INTEGER NOT NULL,
    body TEXT NOT NULL,
    open INTEGER NOT NULL,
    PRIMARY KEY (swap, n)
);
CREATE INDEX swaps_open ON swaps (swap) WHERE open = 1;

-- Messages that wait for a person's yes, by the SHA-256 of each in hex, or have it.
CREATE TABLE swap_approvals (
    hash TEXT NOT NULL PRIMARY KEY,
    swap TEXT NOT NULL,
    expires INTEGER NOT NULL,
    granted INTEGER,
    body TEXT NOT NULL
);

-- Closed bars. Prices and volumes are the same 64 bits: above 2^63 a number is negative.
CREATE TABLE candles (
    market TEXT NOT NULL,
    bar_seconds INTEGER NOT NULL,
    at INTEGER NOT NULL,
    open INTEGER NOT NULL,
    high INTEGER NOT NULL,
    low INTEGER NOT NULL,
    close INTEGER NOT NULL,
    volume INTEGER NOT NULL,
    PRIMARY KEY (market, bar_seconds, at)
) WITHOUT ROWID;

-- What was behind the call that set a timer, where that was told.
ALTER TABLE timers ADD COLUMN led_by TEXT;
