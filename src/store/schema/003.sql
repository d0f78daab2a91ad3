-- Version 3 of the schema: the history of users' Sieve scripts. Run once, in one transaction; never edited after a release.

-- One row for each text that a script had, and for each deletion (text is NULL then). Texts are gzip.
CREATE TABLE script_versions (
    id    INTEGER PRIMARY KEY,
    user  TEXT NOT NULL,
    name  TEXT NOT NULL,
    at    INTEGER NOT NULL,
    how   TEXT NOT NULL,
    who   TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    text  BLOB
) STRICT;
CREATE INDEX script_versions_of ON script_versions (user, name, id);
