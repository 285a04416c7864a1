-- +goose Up

-- One row per todo. The owner is (issuer, tenant, subject): three columns that
-- compare byte for byte, never one joined string. The table is clustered by owner
-- and age, so a person's list is one range of one b-tree whatever others keep.
CREATE TABLE todos (
    issuer     TEXT    NOT NULL CHECK (issuer <> ''),
    tenant     TEXT    NOT NULL, -- '' where the issuer has no tenant claim
    subject    TEXT    NOT NULL CHECK (subject <> ''),
    id         TEXT    NOT NULL CHECK (length(id) = 13),
    content    TEXT    NOT NULL CHECK (content <> ''),
    created_at INTEGER NOT NULL, -- milliseconds since 1970, UTC
    PRIMARY KEY (issuer, tenant, subject, created_at, id)
) STRICT, WITHOUT ROWID;

-- Finds one todo of a tenant, for deletion.
CREATE UNIQUE INDEX todos_by_id ON todos (issuer, tenant, id);

-- Lists a whole tenant in age order, for holders of read:todos.
CREATE INDEX todos_by_age ON todos (issuer, tenant, created_at, id);

-- People whose calls are refused, whatever their token grants.
CREATE TABLE blocked (
    issuer     TEXT    NOT NULL CHECK (issuer <> ''),
    tenant     TEXT    NOT NULL,
    subject    TEXT    NOT NULL CHECK (subject <> ''),
    blocked_at INTEGER NOT NULL, -- milliseconds since 1970, UTC
    PRIMARY KEY (issuer, tenant, subject)
) STRICT, WITHOUT ROWID;

-- What readiness writes to, to know that the disk takes writes.
CREATE TABLE probe (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    written_at INTEGER NOT NULL -- milliseconds since 1970, UTC
) STRICT;

INSERT INTO probe (id, written_at) VALUES (1, 0);
