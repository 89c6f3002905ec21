-- The attempt of an effect whose end nobody has seen: when it began, and whether it is the operator's to decide what became of
-- it. Of attempts under an earlier schema the time is the earliest there can be; nobody asked about those in doubt.
ALTER TABLE outbox ADD COLUMN begun INTEGER;
ALTER TABLE outbox ADD COLUMN undecidable INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET begun = not_before WHERE state IN ('sent', 'in-doubt');
UPDATE outbox SET undecidable = 1 WHERE state = 'in-doubt';

-- What an account is known to have published: no other effect of it has made the same post.
CREATE INDEX outbox_published ON outbox (account, seq) WHERE provider_id IS NOT NULL;
