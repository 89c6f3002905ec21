-- What another network charges for what an account, or an app, did there on a day (days since 1970, UTC).
CREATE TABLE billed (
    day INTEGER NOT NULL,
    account TEXT NOT NULL,
    posts INTEGER NOT NULL,
    reads INTEGER NOT NULL,
    usd_micros INTEGER NOT NULL,
    PRIMARY KEY (day, account)
) WITHOUT ROWID;
