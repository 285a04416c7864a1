-- name: AuditHead :one
SELECT seq, occurred_at FROM audit_log ORDER BY seq DESC LIMIT 1;

-- name: AppendAudit :exec
INSERT INTO audit_log (
    seq, occurred_at, event, tool, decision, reason, basis, scopes_granted, scopes_used,
    target_id, target_subject, result_count, issuer, tenant, subject, client_id,
    token_sha256, token_id, request_id, duration_us
) VALUES (
    sqlc.arg(seq), sqlc.arg(occurred_at), sqlc.arg(event), sqlc.arg(tool), sqlc.arg(decision), sqlc.arg(reason),
    sqlc.arg(basis), sqlc.arg(scopes_granted), sqlc.arg(scopes_used), sqlc.arg(target_id), sqlc.arg(target_subject),
    sqlc.arg(result_count), sqlc.arg(issuer), sqlc.arg(tenant), sqlc.arg(subject), sqlc.arg(client_id),
    sqlc.arg(token_sha256), sqlc.arg(token_id), sqlc.arg(request_id), sqlc.arg(duration_us)
);

-- The operator's queries, over all tenants. An empty filter matches everything.

-- seq and occurred_at rise together, so a point in time is a point in seq: the
-- rows from a time on are those after the newest row before it.
-- name: AuditSeqBefore :one
SELECT seq FROM audit_log WHERE occurred_at < sqlc.arg(time) ORDER BY seq DESC LIMIT 1;

-- The seq of the matching row that has the given number of newer matching rows.
-- name: AuditSeqFromEnd :one
SELECT seq
FROM audit_log
WHERE seq > sqlc.arg(after_seq) AND seq <= sqlc.arg(last_seq)
  AND (CAST(sqlc.arg(issuer) AS TEXT) = '' OR issuer = sqlc.arg(issuer))
  AND (CAST(sqlc.arg(subject) AS TEXT) = '' OR subject = sqlc.arg(subject))
  AND (CAST(sqlc.arg(tool) AS TEXT) = '' OR tool = sqlc.arg(tool))
  AND (CAST(sqlc.arg(decision) AS TEXT) = '' OR decision = sqlc.arg(decision))
ORDER BY seq DESC
LIMIT 1 OFFSET sqlc.arg(newer);

-- name: ListAudit :many
SELECT *
FROM audit_log
WHERE seq > sqlc.arg(after_seq) AND seq <= sqlc.arg(last_seq)
  AND (CAST(sqlc.arg(issuer) AS TEXT) = '' OR issuer = sqlc.arg(issuer))
  AND (CAST(sqlc.arg(subject) AS TEXT) = '' OR subject = sqlc.arg(subject))
  AND (CAST(sqlc.arg(tool) AS TEXT) = '' OR tool = sqlc.arg(tool))
  AND (CAST(sqlc.arg(decision) AS TEXT) = '' OR decision = sqlc.arg(decision))
ORDER BY seq
LIMIT sqlc.arg(max_rows);
