-- +goose Up

-- One row per tools/call, written in the transaction of the change it records; one per
-- administrative act; and counts of what was refused before it became a call.
-- seq has no gaps and occurred_at never goes back, so both order the log.
--
-- The columns from subject to actor_commit, and those from target_subject to
-- target_commit, identify people and can be erased: then the commitment stands where
-- the identity and its salt stood, and the chain still holds. docs/audit-format.md says
-- what hash is computed from.
--
-- Values are checked before they are written (audit.Event.Check), and by the hash ever
-- after: a CHECK here would cost each call as much as writing the row.
CREATE TABLE audit_log (
    seq            INTEGER PRIMARY KEY,
    chain          INTEGER NOT NULL DEFAULT 0,
    occurred_at    INTEGER NOT NULL, -- milliseconds since 1970, UTC
    event          TEXT    NOT NULL, -- 'tool.call', 'user.block', 'token.rejected', ...
    tool           TEXT    NOT NULL, -- a tool of ours, or 'unknown'; '' unless the event is a call
    decision       TEXT    NOT NULL, -- 'allow' or 'deny'
    reason         TEXT    NOT NULL, -- 'ok' where allowed
    basis          TEXT    NOT NULL, -- 'scope', 'owner' or ''
    scopes_granted TEXT    NOT NULL, -- what the token carried, sorted, space separated
    scopes_used    TEXT    NOT NULL, -- what the decision relied on
    target_id      TEXT,    -- the todo acted on
    result_count   INTEGER, -- rows returned by a listing
    issuer         TEXT    NOT NULL,
    tenant         TEXT    NOT NULL,
    request_id     TEXT    NOT NULL, -- as in the access log; '' where there was no request
    trace_id       TEXT,    -- of the client's W3C trace context
    duration_us    INTEGER NOT NULL,
    details        TEXT,    -- JSON, of events other than calls
    subject        TEXT,
    client_id      TEXT,
    token_sha256   BLOB,    -- of the JWT's header.payload, or of a whole opaque token
    token_id       TEXT,    -- the JWT's jti, '' if it has none
    actor_salt     BLOB,
    actor_commit   BLOB,    -- only once erased
    target_subject TEXT,    -- whom the event concerns, where that is not the actor
    target_salt    BLOB,
    target_commit  BLOB,    -- only once erased
    hash           BLOB    NOT NULL -- SHA-256, see above
) STRICT;

-- Each index is one for every block of 4,096 rows. New rows then go into the few pages of
-- the last block, where an index over the whole log would change another page for each
-- row, which costs three times as much as the row. A search looks into each block: some
-- thousand looks for ten million rows. Everything else is found by seq, or by looking
-- through a range of it.
CREATE INDEX audit_log_by_subject ON audit_log (seq >> 12, subject);
CREATE INDEX audit_log_by_target ON audit_log (seq >> 12, target_id);
CREATE INDEX audit_log_by_request ON audit_log (seq >> 12, request_id);
CREATE INDEX audit_log_by_target_subject ON audit_log (target_subject) WHERE target_subject IS NOT NULL;

-- Where the chain begins and ends. Rows up to base_seq were pruned, or are being.
CREATE TABLE audit_chain (
    chain     INTEGER PRIMARY KEY CHECK (chain = 0),
    log_id    TEXT    NOT NULL, -- random; tells this log from every other
    base_seq  INTEGER NOT NULL,
    base_hash BLOB    NOT NULL CHECK (length(base_hash) = 32), -- of row base_seq; random for 0
    head_seq  INTEGER NOT NULL,
    head_hash BLOB    NOT NULL CHECK (length(head_hash) = 32),
    head_at   INTEGER NOT NULL -- occurred_at of row head_seq
) STRICT;

INSERT INTO audit_chain (chain, log_id, base_seq, base_hash, head_seq, head_hash, head_at)
VALUES (0, lower(hex(randomblob(16))), 0, randomblob(32), 0, zeroblob(32), 0);
UPDATE audit_chain SET head_hash = base_hash;

-- Heads of the chain, signed outside the database's reach.
CREATE TABLE audit_checkpoint (
    id        INTEGER PRIMARY KEY,
    seq       INTEGER NOT NULL, -- of the row that was the head
    signed_at INTEGER NOT NULL, -- milliseconds since 1970, UTC
    note      TEXT    NOT NULL  -- signed note, see docs/audit-format.md
) STRICT;

CREATE INDEX audit_checkpoint_by_seq ON audit_checkpoint (seq);

-- Append-only. The triggers are for mistakes and for whoever is not determined: the
-- chain and the signed heads are what shows the work of somebody who drops them.
-- Conditions end in IS NOT TRUE, so that a null refuses.

-- Also stops INSERT OR REPLACE where recursive_triggers is off, as in the sqlite3 shell.
-- +goose StatementBegin
CREATE TRIGGER audit_log_insert BEFORE INSERT ON audit_log
WHEN (NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM audit_log)) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'audit_log has no gaps and no second versions of a row');
END;
-- +goose StatementEnd

-- The one change that a row may see is the erasure of a person.
-- +goose StatementBegin
CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log
WHEN (
    NEW.seq = OLD.seq AND NEW.chain = OLD.chain AND NEW.occurred_at = OLD.occurred_at AND NEW.event = OLD.event
    AND NEW.tool = OLD.tool AND NEW.decision = OLD.decision AND NEW.reason = OLD.reason AND NEW.basis = OLD.basis
    AND NEW.scopes_granted = OLD.scopes_granted AND NEW.scopes_used = OLD.scopes_used AND NEW.target_id IS OLD.target_id
    AND NEW.result_count IS OLD.result_count AND NEW.issuer = OLD.issuer AND NEW.tenant = OLD.tenant
    AND NEW.request_id = OLD.request_id AND NEW.trace_id IS OLD.trace_id AND NEW.duration_us = OLD.duration_us
    AND NEW.details IS OLD.details AND NEW.hash = OLD.hash
    AND NOT (NEW.actor_commit IS OLD.actor_commit AND NEW.target_commit IS OLD.target_commit)
    AND (
        NEW.subject IS OLD.subject AND NEW.client_id IS OLD.client_id AND NEW.token_sha256 IS OLD.token_sha256
        AND NEW.token_id IS OLD.token_id AND NEW.actor_salt IS OLD.actor_salt AND NEW.actor_commit IS OLD.actor_commit
        OR OLD.actor_commit IS NULL AND length(NEW.actor_commit) = 32 AND NEW.subject IS NULL AND NEW.client_id IS NULL
        AND NEW.token_sha256 IS NULL AND NEW.token_id IS NULL AND NEW.actor_salt IS NULL
    )
    AND (
        NEW.target_subject IS OLD.target_subject AND NEW.target_salt IS OLD.target_salt AND NEW.target_commit IS OLD.target_commit
        OR OLD.target_commit IS NULL AND length(NEW.target_commit) = 32 AND NEW.target_subject IS NULL AND NEW.target_salt IS NULL
    )
) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
-- +goose StatementEnd

-- Only what is below the base may go.
-- +goose StatementBegin
CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log
WHEN (OLD.seq <= (SELECT base_seq FROM audit_chain WHERE chain = OLD.chain)) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_chain_insert BEFORE INSERT ON audit_chain
BEGIN
    SELECT RAISE(ABORT, 'audit_chain has one row');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_chain_delete BEFORE DELETE ON audit_chain
BEGIN
    SELECT RAISE(ABORT, 'audit_chain has one row');
END;
-- +goose StatementEnd

-- The head is the last row, and the base only moves forward, to a row that is there.
-- +goose StatementBegin
CREATE TRIGGER audit_chain_update BEFORE UPDATE ON audit_chain
WHEN (
    NEW.chain = OLD.chain AND NEW.log_id = OLD.log_id
    AND NEW.head_seq = (SELECT max(seq) FROM audit_log)
    AND NEW.head_hash = (SELECT hash FROM audit_log WHERE seq = NEW.head_seq)
    AND (
        NEW.base_seq = OLD.base_seq AND NEW.base_hash = OLD.base_hash
        OR NEW.base_seq > OLD.base_seq AND NEW.base_hash = (SELECT hash FROM audit_log WHERE seq = NEW.base_seq)
    )
) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'audit_chain must name the last row as its head, and its base only moves forward');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_checkpoint_insert BEFORE INSERT ON audit_checkpoint
WHEN (NEW.id = (SELECT coalesce(max(id), 0) + 1 FROM audit_checkpoint)) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'audit_checkpoint is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_checkpoint_update BEFORE UPDATE ON audit_checkpoint
BEGIN
    SELECT RAISE(ABORT, 'audit_checkpoint is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_checkpoint_delete BEFORE DELETE ON audit_checkpoint
WHEN (OLD.seq < (SELECT base_seq FROM audit_chain WHERE chain = 0)) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'audit_checkpoint is append-only');
END;
-- +goose StatementEnd
