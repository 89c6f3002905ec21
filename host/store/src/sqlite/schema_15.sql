-- How far a network has been listened to for an account (in lower case): every mention up to this post has been taken in.
CREATE TABLE heard (account TEXT NOT NULL PRIMARY KEY, since TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;

-- The effect that made a post is found by the post's id.
CREATE INDEX outbox_made ON outbox (provider_id) WHERE provider_id IS NOT NULL;
