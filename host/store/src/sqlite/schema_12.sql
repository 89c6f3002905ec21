-- What was behind the call that set a timer, where that was told.
ALTER TABLE timers ADD COLUMN led_by TEXT;
