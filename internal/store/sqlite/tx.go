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

func (t *tx) Record(e audit.Event) error {
	if err := e.Check(); err != nil {
		return fmt.Errorf("%w: %w", todos.ErrInternal, err)
	}
	p := e.Call.Principal
	if err := t.conn.queries.AppendAudit(t.conn.ctx, sqlitedb.AppendAuditParams{
		Seq:           t.seq + 1,
		OccurredAt:    t.now.UnixMilli(),
		Event:         audit.ToolCall,
		Tool:          e.Tool,
		Decision:      string(e.Decision),
		Reason:        string(e.Reason),
		Basis:         string(e.Basis),
		ScopesGranted: p.Scopes.String(),
		ScopesUsed:    e.ScopesUsed.String(),
		TargetID:      optional(e.TargetID),
		TargetSubject: optional(e.TargetSubject),
		ResultCount:   optionalCount(e.ResultCount),
		Issuer:        p.Issuer,
		Tenant:        p.Tenant,
		Subject:       optional(p.Subject),
		ClientID:      sql.NullString{String: p.ClientID, Valid: true},
		TokenSHA256:   p.TokenHash[:],
		TokenID:       p.TokenID,
		RequestID:     e.Call.RequestID,
		DurationUs:    max(0, t.wall().Sub(e.Call.Started).Microseconds()),
	}); err != nil {
		return classify("append audit row", err)
	}
	t.seq++
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

func optional(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

func optionalCount(n *int) sql.NullInt64 {
	if n == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: int64(*n), Valid: true}
}

func todoOf(subject, id, content string, createdAt int64) todos.Todo {
	return todos.Todo{ID: id, Content: content, OwnerID: subject, CreatedAt: time.UnixMilli(createdAt).UTC()}
}
