-- What operators ask of tenants as a whole, and the move of one.

-- name: TodosByTenant :many
SELECT issuer, tenant, count(*) AS people, CAST(sum(todos) AS INTEGER) AS todos
FROM todo_counts
GROUP BY issuer, tenant;

-- octet_length reads no more of a long text than where it begins.
-- name: TodosOfTenantSize :one
SELECT CAST(coalesce(sum(octet_length(content)), 0) AS INTEGER) AS bytes, CAST(coalesce(max(created_at), 0) AS INTEGER) AS newest
FROM todos
WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant);

-- name: BlockedByTenant :many
SELECT issuer, tenant, count(*) AS people
FROM blocked
GROUP BY issuer, tenant;

-- name: AuditRowsByTenant :many
SELECT issuer, tenant, count(*) AS row_count,
    CAST(coalesce(max(CASE WHEN event IN ('tool.call', 'prompt.get') THEN occurred_at END), 0) AS INTEGER) AS last_call
FROM audit_log NOT INDEXED
WHERE seq > sqlc.arg(after) AND seq <= sqlc.arg(last)
GROUP BY issuer, tenant;

-- What a move would move, and how many of these people have todos in the other tenant.
-- name: PeopleToMove :one
SELECT count(*) AS people, CAST(coalesce(sum(old.todos), 0) AS INTEGER) AS todos, CAST(coalesce(sum(EXISTS (
    SELECT 1 FROM todo_counts AS new WHERE new.issuer = sqlc.arg(to_issuer) AND new.tenant = sqlc.arg(to_tenant) AND new.subject = old.subject
)), 0) AS INTEGER) AS merged
FROM todo_counts AS old
WHERE old.issuer = sqlc.arg(issuer) AND old.tenant = sqlc.arg(tenant);

-- name: BlocksToCopy :one
SELECT count(*) FROM blocked AS old
WHERE old.issuer = sqlc.arg(issuer) AND old.tenant = sqlc.arg(tenant) AND NOT EXISTS (
    SELECT 1 FROM blocked AS new WHERE new.issuer = sqlc.arg(to_issuer) AND new.tenant = sqlc.arg(to_tenant) AND new.subject = old.subject
);

-- Ids that are in both tenants.
-- name: TakenIDs :many
SELECT old.id FROM todos AS old
WHERE old.issuer = sqlc.arg(issuer) AND old.tenant = sqlc.arg(tenant) AND EXISTS (
    SELECT 1 FROM todos AS new WHERE new.issuer = sqlc.arg(to_issuer) AND new.tenant = sqlc.arg(to_tenant) AND new.id = old.id
)
ORDER BY old.id;

-- name: FirstWithTodos :one
SELECT subject FROM todos WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) ORDER BY subject LIMIT 1;

-- Who is counted where follows by the triggers of todo_counts.
-- name: MoveTodos :execrows
UPDATE todos SET issuer = sqlc.arg(to_issuer), tenant = sqlc.arg(to_tenant)
WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject);

-- name: CopyBlocks :execrows
INSERT INTO blocked (issuer, tenant, subject, blocked_at)
SELECT CAST(sqlc.arg(to_issuer) AS TEXT), CAST(sqlc.arg(to_tenant) AS TEXT), old.subject, old.blocked_at
FROM blocked AS old
WHERE old.issuer = sqlc.arg(issuer) AND old.tenant = sqlc.arg(tenant)
ON CONFLICT (issuer, tenant, subject) DO NOTHING;

-- All moves. Acts have no subject, so that an index leads to them and to little else.
-- name: TenantMoves :many
SELECT move.details
FROM audit_block_v1 CROSS JOIN audit_log AS move INDEXED BY audit_log_by_subject
WHERE move.seq >> 12 = audit_block_v1.block AND move.subject IS NULL AND move.event = 'tenant.move';
