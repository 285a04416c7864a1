package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
	"todomanager/internal/todos"
)

// tx is one call's view of its group.
type tx struct{ *group }

func (t *tx) Now() time.Time { return t.now }

func (t *tx) Insert(owner todos.Owner, todo todos.Todo) error {
	return classify("insert todo", t.conn.queries.InsertTodo(t.conn.ctx, sqlitedb.InsertTodoParams{
		Issuer: owner.Issuer, Tenant: owner.Tenant, Subject: owner.Subject,
		ID: todo.ID, Content: todo.Content, CreatedAt: todo.CreatedAt.UnixMilli(),
	}))
}

func (t *tx) Count(o todos.Owner) (int64, error) {
	n, err := t.conn.queries.TodosKept(t.conn.ctx, sqlitedb.TodosKeptParams{Issuer: o.Issuer, Tenant: o.Tenant, Subject: o.Subject})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, classify("count todos", err)
}

func (t *tx) ByID(issuer, tenant, id string) (todos.Todo, bool, error) {
	row, err := t.conn.queries.TodoByID(t.conn.ctx, sqlitedb.TodoByIDParams{
		Issuer: issuer, Tenant: tenant, ID: id,
	})
	if errors.Is(err, sql.ErrNoRows) {
		return todos.Todo{}, false, nil
	}
	if err != nil {
		return todos.Todo{}, false, classify("read todo", err)
	}
	return todoOf(row.Subject, row.ID, row.Content, row.CreatedAt), true, nil
}

func (t *tx) Delete(owner todos.Owner, todo todos.Todo) error {
	gone, err := t.conn.queries.DeleteTodo(t.conn.ctx, sqlitedb.DeleteTodoParams{
		Issuer: owner.Issuer, Tenant: owner.Tenant, Subject: owner.Subject,
		ID: todo.ID, CreatedAt: todo.CreatedAt.UnixMilli(),
	})
	if err == nil && gone != 1 {
		return fmt.Errorf("%w: a delete hit %d rows", todos.ErrInternal, gone)
	}
	return classify("delete todo", err)
}

func (t *tx) Blocked(o todos.Owner) (bool, error) {
	if !t.anyBlocked {
		return false, nil
	}
	blocked, err := t.conn.queries.IsBlocked(t.conn.ctx, sqlitedb.IsBlockedParams{Issuer: o.Issuer, Tenant: o.Tenant, Subject: o.Subject})
	return blocked, classify("look for a block", err)
}

func (t *tx) StorageLow() bool { return t.storageLow }

func (t *tx) Record(e audit.Event) error {
	row, err := audit.NewRow(e, t.head, t.now, t.wall())
	if err != nil {
		return fmt.Errorf("%w: %w", todos.ErrInternal, err)
	}
	if err := t.conn.queries.AppendAudit(t.conn.ctx, paramsOf(&row)); err != nil {
		return classify("append audit row", err)
	}
	t.head.Seq, t.head.Hash = row.Seq, row.Hash
	return nil
}

// classify names the step that failed. A value that the schema refuses is a defect of
// this program; anything else is the database's own trouble.
func classify(step string, err error) error {
	switch {
	case err == nil:
		return nil
	case isConstraint(err):
		return fmt.Errorf("%w: %s: %w", todos.ErrInternal, step, err)
	default:
		return fmt.Errorf("%w: %s: %w", todos.ErrAuditUnavailable, step, err)
	}
}

func todoOf(subject, id, content string, createdAt int64) todos.Todo {
	return todos.Todo{ID: id, Content: content, OwnerID: subject, CreatedAt: time.UnixMilli(createdAt).UTC()}
}
