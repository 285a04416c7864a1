package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// errUndo is a rule of the caller's: it undoes the call and nothing else.
var errUndo = errors.New("undo this call")

// start is the time of a new fixture.
var start = time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)

// fixture is a store under test and the clock it goes by.
type fixture struct {
	*testing.T
	Store
	clock *clock
}

func newFixture(t *testing.T, open Opener) *fixture {
	c := &clock{now: start}
	return &fixture{T: t, Store: open(t, c.read), clock: c}
}

// clock stands still until it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = to
}

// write runs fn and ends the test if that fails.
func (f *fixture) write(fn func(todos.Tx) error) {
	f.Helper()
	if err := f.Write(f.Context(), fn); err != nil {
		f.Fatalf("write: %v", err)
	}
}

// add stores a todo of owner, made at the store's time, with its audit row.
func (f *fixture) add(owner todos.Owner, id string) todos.Todo {
	f.Helper()
	todo := todos.Todo{ID: id, Content: "todo " + id, OwnerID: owner.Subject}
	f.write(func(tx todos.Tx) error {
		todo.CreatedAt = tx.Now()
		return errors.Join(tx.Insert(owner, todo), tx.Record(event(owner, id)))
	})
	return todo
}

// put stores todos as they are, without audit rows.
func (f *fixture) put(owner todos.Owner, list ...todos.Todo) {
	f.Helper()
	f.write(func(tx todos.Tx) error {
		for _, todo := range list {
			if err := tx.Insert(owner, todo); err != nil {
				return err
			}
		}
		return nil
	})
}

// byID returns nil if there is no such todo.
func (f *fixture) byID(issuer, tenant, id string) (found *todos.Todo) {
	f.Helper()
	f.write(func(tx todos.Tx) error {
		todo, ok, err := tx.ByID(issuer, tenant, id)
		if found = nil; ok {
			found = &todo
		}
		return err
	})
	return found
}

// list returns a page.
func (f *fixture) list(q todos.Query) []todos.Todo {
	f.Helper()
	page, err := f.List(f.Context(), q)
	if err != nil {
		f.Fatalf("list: %v", err)
	}
	if len(page) > q.Limit {
		f.Fatalf("a page of %d todos, the limit is %d", len(page), q.Limit)
	}
	return page
}

// all is a query for more than any test stores.
func all(owner todos.Owner) todos.Query { return todos.Query{Owner: owner, Limit: 10_000} }

// rows returns the audit rows that filter selects.
func (f *fixture) rows(filter audit.Filter) (rows []audit.Row) {
	f.Helper()
	err := f.Each(f.Context(), filter, func(r audit.Row) error {
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		f.Fatalf("read the audit log: %v", err)
	}
	return rows
}

// event is the record of owner creating a todo.
func event(owner todos.Owner, id string) audit.Event {
	return audit.Event{
		Call: audit.Call{
			Principal: auth.Principal{Issuer: owner.Issuer, Tenant: owner.Tenant, Subject: owner.Subject},
			RequestID: "request", Started: start,
		},
		Tool: todos.ToolCreate, Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope,
		ScopesUsed: auth.Scopes{todos.ScopeCreate}, TargetID: id,
	}
}

// id returns the n-th of ids that sort like their numbers.
func id(n int) string { return fmt.Sprintf("todo%09d", n) }
