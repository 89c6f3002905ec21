-- What was behind the call that a memory or a blob came from, where that was told.
ALTER TABLE memories ADD COLUMN led_by TEXT;
ALTER TABLE plugin_state ADD COLUMN led_by TEXT;
ALTER TABLE state_kept ADD COLUMN led_by TEXT;
