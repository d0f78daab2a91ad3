-- Version 2 of the schema: what scripts remember. Times are Unix seconds. Never edited after a release.

-- What a user's scripts asked to remember: vacation replies, duplicates, messages that were sent on. The key is the
-- SHA-256 of what it is for and of the script's own key.
CREATE TABLE memory (
    user       TEXT NOT NULL,
    key        BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) WITHOUT ROWID, STRICT;
CREATE INDEX memory_expiry ON memory (expires_at);

-- How many messages of each kind left for a user on one day (Unix days, UTC).
CREATE TABLE sent (
    user  TEXT NOT NULL,
    kind  TEXT NOT NULL,
    day   INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (user, kind, day)
) WITHOUT ROWID, STRICT;
CREATE INDEX sent_day ON sent (day);

-- Scripts that fail, by the SHA-256 of their user and their texts; the row goes when one runs well.
CREATE TABLE failing (
    key      BLOB PRIMARY KEY,
    count    INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    -- The SHA-256 of the message that failed last: a retry of it is not counted again.
    message  BLOB NOT NULL,
    -- 1 once the user was told.
    told     INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID, STRICT;
CREATE INDEX failing_at ON failing (at);
