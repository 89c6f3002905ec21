-- The purse that a swap was handed to, as long as nobody has seen the end of that.
ALTER TABLE outbox ADD COLUMN purse TEXT;
