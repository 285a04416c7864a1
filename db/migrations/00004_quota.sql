-- +goose Up

-- How many todos each person has, so that nobody counts them for every new one.
-- A person without todos has no row.
CREATE TABLE todo_counts (
    issuer  TEXT    NOT NULL,
    tenant  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    todos   INTEGER NOT NULL CHECK (todos > 0),
    PRIMARY KEY (issuer, tenant, subject)
) STRICT, WITHOUT ROWID;

INSERT INTO todo_counts (issuer, tenant, subject, todos)
SELECT issuer, tenant, subject, count(*) FROM todos GROUP BY issuer, tenant, subject;

-- Triggers, so that no statement can forget to count.
-- +goose StatementBegin
CREATE TRIGGER todos_insert AFTER INSERT ON todos
BEGIN
    INSERT INTO todo_counts (issuer, tenant, subject, todos) VALUES (NEW.issuer, NEW.tenant, NEW.subject, 1)
    ON CONFLICT DO UPDATE SET todos = todos + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER todos_delete AFTER DELETE ON todos
BEGIN
    DELETE FROM todo_counts WHERE issuer = OLD.issuer AND tenant = OLD.tenant AND subject = OLD.subject AND todos = 1;
    UPDATE todo_counts SET todos = todos - 1 WHERE issuer = OLD.issuer AND tenant = OLD.tenant AND subject = OLD.subject;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER todos_move AFTER UPDATE OF issuer, tenant, subject ON todos
BEGIN
    DELETE FROM todo_counts WHERE issuer = OLD.issuer AND tenant = OLD.tenant AND subject = OLD.subject AND todos = 1;
    UPDATE todo_counts SET todos = todos - 1 WHERE issuer = OLD.issuer AND tenant = OLD.tenant AND subject = OLD.subject;
    INSERT INTO todo_counts (issuer, tenant, subject, todos) VALUES (NEW.issuer, NEW.tenant, NEW.subject, 1)
    ON CONFLICT DO UPDATE SET todos = todos + 1;
END;
-- +goose StatementEnd
