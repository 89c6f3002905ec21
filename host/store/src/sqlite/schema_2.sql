-- What an invocation drew from, as the same 64 bits; NULL in rows of schema 1.
ALTER TABLE journal ADD COLUMN seed INTEGER;
