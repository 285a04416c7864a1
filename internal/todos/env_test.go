package todos_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

const issuer = "https://id.example"

// start is the time of a new env.
var start = time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)

// The people of most tests.
var (
	alice   = person(issuer, "acme", "alice", todos.ScopeCreate)
	bob     = person(issuer, "acme", "bob", todos.ScopeCreate)
	admin   = person(issuer, "acme", "admin", todos.Scopes()...)
	outside = person(issuer, "other", "admin", todos.Scopes()...) // admin of another tenant
)

func person(issuer, tenant, subject string, scopes ...string) auth.Principal {
	var text string
	for _, s := range scopes {
		text += s + " "
	}
	return auth.Principal{
		Issuer: issuer, Tenant: tenant, Subject: subject, ClientID: "client", Scopes: auth.ParseScopes(text),
		TokenHash: [32]byte{1}, TokenID: "jti",
	}
}

func call(p auth.Principal) audit.Call {
	return audit.Call{Principal: p, RequestID: "request", Started: start}
}

// env is a service on a real store, between which faults can be put.
type env struct {
	*testing.T
	*todos.Service
	store *faulty
	clock *clock
	log   *bytes.Buffer
	path  string
}

// newEnv builds one. newID may be nil.
func newEnv(t *testing.T, newID func() string) *env {
	t.Helper()
	e := &env{T: t, clock: &clock{now: start}, log: new(bytes.Buffer), path: filepath.Join(t.TempDir(), "todos.db")}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: e.path, Logger: slog.New(slog.DiscardHandler), Now: e.clock.read})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	e.store = &faulty{Store: s}
	e.Service, err = todos.NewService(todos.Options{
		Store: e.store, Logger: slog.New(slog.NewTextHandler(e.log, nil)), NewID: newID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// create adds a todo and ends the test if that fails.
func (e *env) create(p auth.Principal, content string) todos.Todo {
	e.Helper()
	todo, err := e.Create(e.Context(), call(p), todos.CreateInput{Content: content})
	if err != nil {
		e.Fatal(err)
	}
	return todo
}

// list returns what p sees, up to a page, and ends the test if that fails.
func (e *env) list(p auth.Principal) []todos.Todo {
	e.Helper()
	page, err := e.List(e.Context(), call(p), todos.ListInput{Limit: todos.MaxPage})
	if err != nil {
		e.Fatal(err)
	}
	return page.Todos
}

// rows returns the audit log.
func (e *env) rows() (rows []audit.Row) {
	e.Helper()
	log, err := sqlite.OpenAuditLog(e.Context(), e.path)
	if err != nil {
		e.Fatal(err)
	}
	_, err = log.Each(e.Context(), audit.Filter{}, func(r audit.Row) error {
		rows = append(rows, r)
		return nil
	})
	if err := errors.Join(err, log.Close()); err != nil {
		e.Fatal(err)
	}
	return rows
}

// lastRow returns the one row that was added since there were before rows.
func (e *env) lastRow(before int) audit.Row {
	e.Helper()
	rows := e.rows()
	if len(rows) != before+1 {
		e.Fatalf("the call left %d rows, want one", len(rows)-before)
	}
	return rows[before]
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

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// faulty is a store that fails on command. A nil member does nothing.
type faulty struct {
	todos.Store
	write   func() error            // before a transaction
	commit  func() error            // after it
	list    func() error            // before a read
	readLog func() error            // likewise of the log
	tx      func(todos.Tx) todos.Tx // around each call's part
}

func (f *faulty) Write(ctx context.Context, fn func(todos.Tx) error) error {
	if f.write != nil {
		if err := f.write(); err != nil {
			return err
		}
	}
	err := f.Store.Write(ctx, func(tx todos.Tx) error {
		if f.tx != nil {
			tx = f.tx(tx)
		}
		return fn(tx)
	})
	if err == nil && f.commit != nil {
		return f.commit()
	}
	return err
}

func (f *faulty) List(ctx context.Context, q todos.Query) ([]todos.Todo, error) {
	if f.list != nil {
		if err := f.list(); err != nil {
			return nil, err
		}
	}
	return f.Store.List(ctx, q)
}

func (f *faulty) ReadLog(ctx context.Context, filter audit.Filter, scan int64) (todos.LogRows, error) {
	if f.readLog != nil {
		if err := f.readLog(); err != nil {
			return todos.LogRows{}, err
		}
	}
	return f.Store.ReadLog(ctx, filter, scan)
}

// noRecord is a transaction in which the audit row cannot be written.
type noRecord struct {
	todos.Tx
	err error
}

func (t noRecord) Record(audit.Event) error { return t.err }

// once returns a fault that happens the first time only.
func once(fault func() error) func() error {
	done := false
	return func() error {
		if done {
			return nil
		}
		done = true
		return fault()
	}
}
