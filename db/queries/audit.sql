-- Writing.

-- What a transaction must know of the log before it appends to it.
-- name: AuditHead :one
SELECT head_seq, head_hash, head_at, log_id, CAST(EXISTS (SELECT 1 FROM blocked) AS BOOLEAN) AS any_blocked
FROM audit_chain
WHERE chain = 0;

-- name: AppendAudit :exec
INSERT INTO audit_log (
    seq, occurred_at, event, tool, decision, reason, basis, scopes_granted, scopes_used,
    target_id, result_count, issuer, tenant, request_id, trace_id, duration_us, details,
    subject, client_id, token_sha256, token_id, actor_salt, target_subject, target_salt, hash
) VALUES (
    sqlc.arg(seq), sqlc.arg(occurred_at), sqlc.arg(event), sqlc.arg(tool), sqlc.arg(decision), sqlc.arg(reason),
    sqlc.arg(basis), sqlc.arg(scopes_granted), sqlc.arg(scopes_used), sqlc.arg(target_id), sqlc.arg(result_count),
    sqlc.arg(issuer), sqlc.arg(tenant), sqlc.arg(request_id), sqlc.arg(trace_id), sqlc.arg(duration_us), sqlc.arg(details),
    sqlc.arg(subject), sqlc.arg(client_id), sqlc.arg(token_sha256), sqlc.arg(token_id), sqlc.arg(actor_salt),
    sqlc.arg(target_subject), sqlc.arg(target_salt), sqlc.arg(hash)
);

-- name: MoveAuditHead :exec
UPDATE audit_chain SET head_seq = sqlc.arg(seq), head_hash = sqlc.arg(hash), head_at = sqlc.arg(occurred_at) WHERE chain = 0;

-- name: AppendCheckpoint :exec
INSERT INTO audit_checkpoint (id, seq, signed_at, note)
SELECT coalesce(max(id), 0) + 1, sqlc.arg(seq), sqlc.arg(signed_at), sqlc.arg(note) FROM audit_checkpoint;

-- The last to be signed, which may be the base of the log.
-- name: LastCheckpoint :one
SELECT seq, signed_at FROM audit_checkpoint ORDER BY id DESC LIMIT 1;

-- Reading. These are for operators and go over all tenants.

-- name: AuditChain :one
SELECT log_id, base_seq, base_hash, head_seq, head_hash, head_at, CAST((SELECT coalesce(max(seq), 0) FROM audit_log) AS INTEGER) AS last_seq,
    CAST(coalesce((SELECT min(seq) FROM audit_log), head_seq + 1) AS INTEGER) AS first_seq
FROM audit_chain
WHERE chain = 0;

-- seq and occurred_at rise together, so a point in time is found by halving.
-- name: AuditTimeOf :one
SELECT occurred_at FROM audit_log WHERE seq = sqlc.arg(seq);

-- name: AuditHashOf :one
SELECT hash FROM audit_log WHERE seq = sqlc.arg(seq);

-- name: AllCheckpoints :many
SELECT seq, note FROM audit_checkpoint ORDER BY seq, id;

-- What rows of a range have in common, for statistics.
-- name: AuditGroups :many
SELECT occurred_at / 86400000 AS day, event, tool, decision, reason, issuer, tenant, subject, client_id,
    count(*) AS row_count, CAST(sum(CASE WHEN details IS NULL THEN 1 ELSE coalesce(json_extract(details, '$.count'), 1) END) AS INTEGER) AS times
FROM audit_log NOT INDEXED
WHERE seq > sqlc.arg(after) AND seq <= sqlc.arg(last)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
