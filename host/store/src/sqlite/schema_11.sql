-- What a window owes of what was taken beyond earlier ones; before this, `used` and `overrun` of its first row had it.
ALTER TABLE budgets ADD COLUMN debt INTEGER NOT NULL DEFAULT 0;
