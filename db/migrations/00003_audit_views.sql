-- +goose Up

-- For people with an SQL shell; docs/audit-queries.md has examples. A view never
-- changes: what needs other columns gets the next number.

CREATE VIEW audit_v1 AS
SELECT
    seq,
    CAST(strftime('%Y-%m-%dT%H:%M:%fZ', occurred_at / 1000.0, 'unixepoch') AS TEXT) AS time,
    event, tool, decision, reason, basis, scopes_granted, scopes_used, target_id, target_subject, result_count,
    issuer, tenant, subject, client_id,
    CAST(lower(hex(token_sha256)) AS TEXT) AS token_sha256,
    token_id, request_id, trace_id, duration_us, details,
    CAST(coalesce(json_extract(details, '$.count'), 1) AS INTEGER) AS event_count, -- how often it happened
    CAST(actor_commit IS NOT NULL OR target_commit IS NOT NULL AS INTEGER) AS erased, -- 1 where a person was erased
    occurred_at,
    seq >> 12 AS block -- what the indexes are divided by, see audit_block_v1
FROM audit_log;

-- The blocks of 4,096 rows that the log has. Joined with audit_v1 by block, in this order,
-- it finds the rows of a subject, target_id or request_id by index. Where the log is empty
-- there is one row, with a null, that joins with nothing.
CREATE VIEW audit_block_v1 AS
WITH RECURSIVE number AS (
    SELECT min(seq) >> 12 AS block FROM audit_log
    UNION ALL
    SELECT number.block + 1 AS block FROM number WHERE number.block < (SELECT max(seq) >> 12 FROM audit_log)
)
SELECT number.block FROM number;

-- Calls that were refused or failed.
CREATE VIEW audit_denied_v1 AS
SELECT seq, time, tool, reason, issuer, tenant, subject, client_id, target_id, target_subject, scopes_granted, request_id, occurred_at
FROM audit_v1
WHERE decision = 'deny' AND event IN ('tool.call', 'prompt.get');

-- How many events of each kind a day had, and in how many rows.
CREATE VIEW audit_daily_v1 AS
SELECT substr(time, 1, 10) AS day, issuer, tenant, event, tool, decision, reason, CAST(sum(event_count) AS INTEGER) AS events, count(*) AS row_count
FROM audit_v1
GROUP BY 1, 2, 3, 4, 5, 6, 7;
