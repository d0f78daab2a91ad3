-- Version 1 of the schema. Times are Unix seconds. Run once, in one transaction; never edited after a release.

-- "tami": tells our file from another program's.
PRAGMA application_id = 1952542057;

-- When this file was made: older bodies in the quarantine belong to a database before it.
CREATE TABLE made (at INTEGER NOT NULL) STRICT;
INSERT INTO made (at) VALUES (unixepoch());

-- One row for each process that has the database open. A row of a process that is gone means an unclean stop.
CREATE TABLE opened (
    token BLOB PRIMARY KEY,
    pid   INTEGER NOT NULL,
    at    INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- Quarantine. The body is the file `<id>.eml`; a row is written after its body, and deleted before it.
CREATE TABLE held (
    id            TEXT PRIMARY KEY,
    at            INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    user          TEXT NOT NULL,
    rcpt          TEXT NOT NULL,
    reverse_path  TEXT NOT NULL,
    from_text     TEXT NOT NULL,
    subject       TEXT NOT NULL,
    message_id    TEXT NOT NULL,
    class         TEXT NOT NULL,
    score         REAL NOT NULL,
    why           TEXT NOT NULL,
    operator_only INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    claimed_at    INTEGER,
    released_at   INTEGER,
    session       TEXT NOT NULL,
    findings      TEXT NOT NULL
) STRICT;
-- Covers the search for a page of the list, so that only the rows of the page itself are read.
CREATE INDEX held_search ON held (at, id, user, class);
CREATE INDEX held_expiry ON held (expires_at);

-- Journal. The longest column is the last, so that reading the others does not read it.
CREATE TABLE journal (
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    session      TEXT NOT NULL,
    queue_id     TEXT NOT NULL,
    client       TEXT NOT NULL,
    reverse_path TEXT NOT NULL,
    rcpt         TEXT NOT NULL,
    user         TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    from_text    TEXT NOT NULL,
    subject      TEXT NOT NULL,
    bytes        INTEGER NOT NULL,
    class        TEXT NOT NULL,
    score        REAL NOT NULL,
    outcome      TEXT NOT NULL,
    millis       INTEGER NOT NULL,
    details      TEXT NOT NULL
) STRICT;
-- Covers the search for a page of the list, as above.
CREATE INDEX journal_search ON journal (at, id, class, rcpt, reverse_path, from_text);

-- Deliveries that are done: a retry of one of them stores nothing.
CREATE TABLE done (
    key BLOB PRIMARY KEY,
    at  INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX done_at ON done (at);

-- How often the look at a message failed, by the SHA-256 of its bytes.
CREATE TABLE tries (
    key   BLOB PRIMARY KEY,
    count INTEGER NOT NULL,
    at    INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX tries_at ON tries (at);
