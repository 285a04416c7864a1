-- name: IsBlocked :one
SELECT CAST(EXISTS (
    SELECT 1 FROM blocked WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject)
) AS BOOLEAN);

-- name: Probe :exec
UPDATE probe SET written_at = sqlc.arg(written_at) WHERE id = 1;
