-- Every statement here names issuer and tenant: nothing crosses a tenant.

-- name: InsertTodo :exec
INSERT INTO todos (issuer, tenant, subject, id, content, created_at)
VALUES (sqlc.arg(issuer), sqlc.arg(tenant), sqlc.arg(subject), sqlc.arg(id), sqlc.arg(content), sqlc.arg(created_at));

-- name: TodoByID :one
SELECT subject, id, content, created_at
FROM todos
WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND id = sqlc.arg(id);

-- name: DeleteTodo :execrows
DELETE FROM todos
WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject)
  AND created_at = sqlc.arg(created_at) AND id = sqlc.arg(id);

-- The keyset condition is written so that its first half is a range of the key;
-- "a > x OR (a = x AND b > y)" would read the list from its start.

-- A page is one row with a JSON array for each column: a row costs several times what is in it, and so
-- does an array of each row. A content that is too long is null, and is not read: octet_length
-- reads no more of it than where it begins.

-- name: TodosOfOwner :one
SELECT count(*) AS number, CAST(json_group_array(page.id) AS TEXT) AS ids,
    CAST(json_group_array(page.content) AS TEXT) AS contents, CAST(json_group_array(page.created_at) AS TEXT) AS times
FROM (
    SELECT id, CASE WHEN octet_length(content) <= CAST(sqlc.arg(max_content) AS INTEGER) THEN content END AS content, created_at
    FROM todos
    WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject)
      AND created_at >= sqlc.arg(after_time) AND (created_at > sqlc.arg(after_time) OR id > sqlc.arg(after_id))
    ORDER BY created_at, id
    LIMIT sqlc.arg(max_rows)
) AS page;

-- name: TodosOfTenant :one
SELECT count(*) AS number, CAST(json_group_array(page.subject) AS TEXT) AS subjects, CAST(json_group_array(page.id) AS TEXT) AS ids,
    CAST(json_group_array(page.content) AS TEXT) AS contents, CAST(json_group_array(page.created_at) AS TEXT) AS times
FROM (
    SELECT subject, id, CASE WHEN octet_length(content) <= CAST(sqlc.arg(max_content) AS INTEGER) THEN content END AS content, created_at
    FROM todos
    WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant)
      AND created_at >= sqlc.arg(after_time) AND (created_at > sqlc.arg(after_time) OR id > sqlc.arg(after_id))
    ORDER BY created_at, id
    LIMIT sqlc.arg(max_rows)
) AS page;

-- What the contents of a page take.

-- name: BytesOfOwner :one
SELECT CAST(coalesce(sum(page.bytes), 0) AS INTEGER) AS bytes
FROM (
    SELECT octet_length(content) AS bytes
    FROM todos
    WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject)
      AND created_at >= sqlc.arg(after_time) AND (created_at > sqlc.arg(after_time) OR id > sqlc.arg(after_id))
    ORDER BY created_at, id
    LIMIT sqlc.arg(max_rows)
) AS page;

-- name: BytesOfTenant :one
SELECT CAST(coalesce(sum(page.bytes), 0) AS INTEGER) AS bytes
FROM (
    SELECT octet_length(content) AS bytes
    FROM todos
    WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant)
      AND created_at >= sqlc.arg(after_time) AND (created_at > sqlc.arg(after_time) OR id > sqlc.arg(after_id))
    ORDER BY created_at, id
    LIMIT sqlc.arg(max_rows)
) AS page;

-- How many todos a person has, as triggers keep it.
-- name: TodosKept :one
SELECT todos FROM todo_counts WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) AND subject = sqlc.arg(subject);
