-- name: IsBlocked :one
SELECT CAST(EXISTS (
    SELECT 1 FROM blocked WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject)
) AS BOOLEAN);

-- name: Probe :exec
UPDATE probe SET written_at = sqlc.arg(written_at) WHERE id = 1;

-- name: BlockedAt :one
SELECT blocked_at FROM blocked WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject);

-- name: Block :execrows
INSERT INTO blocked (issuer, tenant, subject, blocked_at)
VALUES (sqlc.arg(issuer), sqlc.arg(tenant), sqlc.arg(subject), sqlc.arg(blocked_at))
ON CONFLICT (issuer, tenant, subject) DO NOTHING;

-- name: Unblock :execrows
DELETE FROM blocked WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject);

-- name: CountTodos :one
SELECT count(*) FROM todos WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject);

-- The age of the last one of a person's oldest todos.
-- name: AgeOfNthTodo :one
SELECT created_at FROM todos
WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject)
ORDER BY created_at, id
LIMIT 1 OFFSET sqlc.arg(before);

-- name: DeleteTodosUpTo :execrows
DELETE FROM todos
WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject) AND created_at <= sqlc.arg(up_to);

-- name: EraseFromRow :exec
UPDATE audit_log
SET subject = sqlc.arg(subject), client_id = sqlc.arg(client_id), token_sha256 = sqlc.arg(token_sha256), token_id = sqlc.arg(token_id),
    actor_salt = sqlc.arg(actor_salt), actor_commit = sqlc.arg(actor_commit),
    target_subject = sqlc.arg(target_subject), target_salt = sqlc.arg(target_salt), target_commit = sqlc.arg(target_commit)
WHERE seq = sqlc.arg(seq);
