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

-- One row per tools/call, written in the transaction of the change it records.
-- seq has no gaps and occurred_at never goes back, so both order the log.
-- subject, target_subject and client_id can be null: they identify people.
CREATE TABLE audit_log (
    seq            INTEGER PRIMARY KEY CHECK (seq > 0),
    chain          INTEGER NOT NULL DEFAULT 0 CHECK (chain = 0),
    occurred_at    INTEGER NOT NULL, -- milliseconds since 1970, UTC
    event          TEXT    NOT NULL, -- 'tool.call'
    tool           TEXT    NOT NULL, -- a tool of ours, or 'unknown'
    decision       TEXT    NOT NULL CHECK (decision IN ('allow', 'deny')),
    reason         TEXT    NOT NULL CHECK (reason IN (
                       'ok', 'missing_scope', 'not_owner', 'not_found', 'blocked_user', 'quota_exceeded',
                       'invalid_arguments', 'unknown_tool', 'storage_low', 'internal_error')),
    basis          TEXT    NOT NULL CHECK (basis IN ('', 'scope', 'owner')),
    scopes_granted TEXT    NOT NULL, -- what the token carried, sorted, space separated
    scopes_used    TEXT    NOT NULL, -- what the decision relied on
    target_id      TEXT    CHECK (length(target_id) = 13),
    target_subject TEXT, -- owner of the target, where that is not the caller
    result_count   INTEGER, -- todos returned by a listing
    issuer         TEXT    NOT NULL,
    tenant         TEXT    NOT NULL,
    subject        TEXT,
    client_id      TEXT,
    token_sha256   BLOB    NOT NULL CHECK (length(token_sha256) = 32), -- of the JWT's header.payload, or of a whole opaque token
    token_id       TEXT    NOT NULL, -- the JWT's jti, '' if it has none
    request_id     TEXT    NOT NULL, -- as in the access log
    duration_us    INTEGER NOT NULL CHECK (duration_us >= 0),
    CHECK ((decision = 'allow') = (reason = 'ok'))
) STRICT;

-- Append-only. With recursive_triggers these also stop INSERT OR REPLACE.
-- +goose StatementBegin
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
-- +goose StatementEnd
