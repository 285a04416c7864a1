-- name: MoveAuditBase :execrows
UPDATE audit_chain SET base_seq = sqlc.arg(seq), base_hash = sqlc.arg(hash) WHERE chain = 0 AND base_seq = sqlc.arg(old_seq);

-- name: FirstAuditSeq :one
SELECT CAST(coalesce(min(seq), 0) AS INTEGER) AS seq FROM audit_log;

-- name: DeleteAuditUpTo :execrows
DELETE FROM audit_log WHERE seq <= sqlc.arg(last);

-- Restorations stay: heads that they made void may still be in the file, or come from elsewhere.
-- name: DeleteCheckpoints :execrows
DELETE FROM audit_checkpoint
WHERE id IN (
    SELECT old.id FROM audit_checkpoint AS old
    WHERE old.seq < sqlc.arg(base) AND old.note NOT LIKE 'todo-manager/audit-restored/%'
    ORDER BY old.seq LIMIT sqlc.arg(most)
);

-- What a row takes in the file, from a range of them: the texts, those in indexes twice,
-- and what all rows have.
-- name: AuditRowBytes :one
SELECT CAST(coalesce(avg(
    length(issuer) + length(tenant) + length(scopes_granted) + length(scopes_used) + coalesce(length(details), 0)
    + coalesce(length(client_id), 0) + coalesce(length(token_sha256), 0) + coalesce(length(token_id), 0) + coalesce(length(trace_id), 0)
    + 2 * (length(request_id) + coalesce(length(subject), 0) + coalesce(length(target_id), 0)) + 150
), 0) AS INTEGER) AS bytes
FROM audit_log
WHERE seq > sqlc.arg(after) AND seq <= sqlc.arg(last);
