package mcp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// memory is a store for tests that make millions of calls. Each of its times is later than the one before.
type memory struct {
	rows   []owned
	events []audit.Event
	ids    int
	fault  fault
}

type owned struct {
	todos.Owner
	todos.Todo
}

// maxTodos is how many todos one person may have in the service on a memory.
const maxTodos = 100

// fault is what goes wrong in a memory.
type fault uint8

const (
	noFault fault = iota
	blocked
	storageLow
	quotaExceeded
	overloaded
	auditUnavailable
	outcomeUnknown
	internalError
	panics
	faults // their number
)

func (m *memory) now() time.Time {
	return time.Date(2026, 3, 29, 1, 0, len(m.events), 7e6, time.UTC)
}

func (m *memory) newID() string {
	m.ids++
	return fmt.Sprintf("aaaaaaaaaa%c%c%c", 'a'+m.ids/26/26%26, 'a'+m.ids/26%26, 'a'+m.ids%26)
}

func (m *memory) Write(_ context.Context, fn func(todos.Tx) error) error {
	switch m.fault {
	case overloaded:
		return todos.ErrOverloaded
	case auditUnavailable:
		return fmt.Errorf("%w: full", todos.ErrAuditUnavailable)
	case outcomeUnknown:
		return fmt.Errorf("%w: slow", todos.ErrOutcomeUnknown)
	}
	return fn(memoryTx{m})
}

func (m *memory) List(_ context.Context, q todos.Query) (found []todos.Todo, err error) {
	if m.fault == internalError {
		return nil, errors.New("broken")
	}
	if m.fault == panics {
		panic("in a listing")
	}
	for _, r := range m.rows {
		same := r.Issuer == q.Owner.Issuer && r.Tenant == q.Owner.Tenant && (q.WholeTenant || r.Subject == q.Owner.Subject)
		after := r.CreatedAt.After(q.After.CreatedAt) || r.CreatedAt.Equal(q.After.CreatedAt) && r.ID > q.After.ID
		if same && after && len(found) < q.Limit {
			found = append(found, r.Todo)
		}
	}
	return found, nil
}

func (m *memory) ReadLog(context.Context, audit.Filter, int64) (todos.LogRows, error) {
	var rows []audit.Row
	for i, e := range slices.Backward(m.events) {
		rows = append(rows, audit.Row{Seq: int64(i + 1), OccurredAt: m.now(), Event: audit.ToolCall, Tool: e.Tool, Decision: e.Decision, Reason: e.Reason})
	}
	return todos.LogRows{Rows: rows}, nil
}

type memoryTx struct{ *memory }

func (m memoryTx) Now() time.Time { return m.now() }

func (m memoryTx) StorageLow() bool { return m.fault == storageLow }

func (m memoryTx) Blocked(todos.Owner) (bool, error) { return m.fault == blocked, nil }

func (m memoryTx) Insert(owner todos.Owner, t todos.Todo) error {
	switch m.fault {
	case internalError:
		return todos.ErrInternal
	case panics:
		panic("in a change")
	}
	m.rows = append(m.rows, owned{owner, t})
	return nil
}

func (m memoryTx) Count(owner todos.Owner) (n int64, err error) {
	if m.fault == quotaExceeded {
		return maxTodos, nil
	}
	for _, r := range m.rows {
		if r.Owner == owner {
			n++
		}
	}
	return n, nil
}

func (m memoryTx) ByID(issuer, tenant, id string) (todos.Todo, bool, error) {
	for _, r := range m.rows {
		if r.Issuer == issuer && r.Tenant == tenant && r.ID == id {
			return r.Todo, true, nil
		}
	}
	return todos.Todo{}, false, nil
}

func (m memoryTx) Delete(_ todos.Owner, t todos.Todo) error {
	m.rows = slices.DeleteFunc(m.rows, func(r owned) bool { return r.ID == t.ID })
	return nil
}

func (m memoryTx) Record(e audit.Event) error {
	m.events = append(m.events, e)
	return e.Check()
}
