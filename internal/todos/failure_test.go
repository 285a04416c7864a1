package todos_test

import (
	"errors"
	"strings"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

var errDisk = errors.New("disk I/O error")

// storeErrors are all that a store may say of a transaction.
var storeErrors = []error{todos.ErrAuditUnavailable, todos.ErrOutcomeUnknown, todos.ErrOverloaded, errDisk}

// TestDeniedStaysDenied: a refusal whose row cannot be written is the same refusal, and
// the operator's log tells of the missing row.
func TestDeniedStaysDenied(t *testing.T) {
	nobody := person(issuer, "acme", "nobody")
	for _, c := range []struct {
		name string
		call func(e *env, bobs string) error
		want func(error) bool
		// inside: the decision rests on a row, so it is made inside the transaction
		inside bool
	}{
		{"create without the scope", func(e *env, _ string) error {
			_, err := e.Create(e.Context(), call(nobody), todos.CreateInput{Content: "x"})
			return err
		}, isMissingScope, false},
		{"create with bad content", func(e *env, _ string) error {
			_, err := e.Create(e.Context(), call(alice), todos.CreateInput{})
			return err
		}, isInvalid, false},
		{"list with a bad limit", func(e *env, _ string) error {
			_, err := e.List(e.Context(), call(alice), todos.ListInput{})
			return err
		}, isInvalid, false},
		{"list with a bad cursor", func(e *env, _ string) error {
			_, err := e.List(e.Context(), call(alice), todos.ListInput{Limit: 1, Cursor: "!"})
			return err
		}, isInvalid, false},
		{"delete by no id", func(e *env, _ string) error {
			_, err := e.Delete(e.Context(), call(admin), todos.DeleteInput{ID: "x"})
			return err
		}, isNotDeleted, false},
		{"delete of an unknown id", func(e *env, _ string) error {
			_, err := e.Delete(e.Context(), call(admin), todos.DeleteInput{ID: "aaaaaaaaaaaaa"})
			return err
		}, isNotDeleted, true},
		{"delete of somebody else's", func(e *env, bobs string) error {
			_, err := e.Delete(e.Context(), call(alice), todos.DeleteInput{ID: bobs})
			return err
		}, isNotDeleted, true},
	} {
		for _, fault := range storeErrors {
			t.Run(c.name+"/"+fault.Error(), func(t *testing.T) {
				e := newEnv(t, nil)
				bobs := e.create(bob, "x").ID
				e.store.tx = func(tx todos.Tx) todos.Tx { return noRecord{tx, fault} }
				if !c.inside {
					e.store.write = func() error { return fault }
				}
				// A decision inside a transaction of unknown fate cannot be read: the call may
				// still be running.
				unread := c.inside && fault == todos.ErrOutcomeUnknown
				if err := c.call(e, bobs); !c.want(err) && !(unread && err == fault) {
					t.Errorf("got %v", err)
				}
				if !strings.Contains(e.log.String(), "level=ERROR") || !unread && !strings.Contains(e.log.String(), "no audit row") {
					t.Errorf("the log does not tell that a row is missing: %s", e.log)
				}
				e.store.tx, e.store.write = nil, nil
				if rows := e.rows(); len(rows) != 1 || len(e.everything()) != 1 {
					t.Errorf("%d rows and %d todos, want bob's", len(rows), len(e.everything()))
				}
			})
		}
	}
}

func isMissingScope(err error) bool { return heard(err) == errMissing(todos.ScopeCreate) }
func isNotDeleted(err error) bool   { return err == todos.ErrNotDeleted }
func isInvalid(err error) bool {
	var invalid *todos.InvalidError
	return errors.As(err, &invalid)
}

// act is an allowed call of each tool: what it shows, and how it fails.
type act struct {
	name string
	call func(e *env, hers string) (shown []todos.Todo, err error)
}

var acts = []act{
	{todos.ToolCreate, func(e *env, _ string) ([]todos.Todo, error) {
		todo, err := e.Create(e.Context(), call(alice), todos.CreateInput{Content: "secret"})
		return []todos.Todo{todo}, err
	}},
	{todos.ToolList, func(e *env, _ string) ([]todos.Todo, error) {
		page, err := e.List(e.Context(), call(alice), todos.ListInput{Limit: 10})
		return page.Todos, err
	}},
	{todos.ToolDelete, func(e *env, hers string) ([]todos.Todo, error) {
		todo, err := e.Delete(e.Context(), call(alice), todos.DeleteInput{ID: hers})
		return []todos.Todo{todo}, err
	}},
}

// TestNothingWithoutARow: a call whose row cannot be written changes nothing and shows
// nothing, and the caller hears what the store says of it.
func TestNothingWithoutARow(t *testing.T) {
	for _, a := range acts {
		for _, fault := range storeErrors {
			t.Run(a.name+"/"+fault.Error(), func(t *testing.T) {
				e := newEnv(t, nil)
				hers := e.create(alice, "secret")
				e.store.tx = func(tx todos.Tx) todos.Tx { return noRecord{tx, fault} }
				shown, err := a.call(e, hers.ID)
				if !errors.Is(err, fault) {
					t.Errorf("got %v, want %v", err, fault)
				}
				for _, todo := range shown {
					if todo != (todos.Todo{}) {
						t.Errorf("shown: %+v", todo)
					}
				}
				if left := e.everything(); len(left) != 1 || left[0] != hers {
					t.Errorf("todos are %+v, want %+v as before", left, hers)
				}
				if rows := e.rows(); len(rows) != 1 {
					t.Errorf("%d rows, want the first one alone", len(rows))
				}
				// An overload is in the access log, once a call is enough.
				told := strings.Contains(e.log.String(), "level=ERROR")
				if text := e.log.String(); told == errors.Is(fault, todos.ErrOverloaded) || strings.Contains(text, "secret") {
					t.Errorf("the log must tell of the failure and nothing of the todo: %s", text)
				}
			})
		}
	}
}

// TestUnconfirmedCommit: the store does not know whether the disk took the call. The
// caller must not be told that it did, nor get the data.
func TestUnconfirmedCommit(t *testing.T) {
	for _, a := range acts {
		e := newEnv(t, nil)
		hers := e.create(alice, "x")
		e.store.commit = func() error { return todos.ErrOutcomeUnknown }
		shown, err := a.call(e, hers.ID)
		if !errors.Is(err, todos.ErrOutcomeUnknown) {
			t.Errorf("%s: %v, want %v", a.name, err, todos.ErrOutcomeUnknown)
		}
		for _, todo := range shown {
			if todo != (todos.Todo{}) {
				t.Errorf("%s: shown: %+v", a.name, todo)
			}
		}
		if rows := e.rows(); len(rows) != 2 {
			t.Errorf("%s: %d rows, want 2: the call is not to be recorded again as failed", a.name, len(rows))
		}
	}
}

// TestFailedRead: a list that cannot be read is a recorded failure without detail.
func TestFailedRead(t *testing.T) {
	e := newEnv(t, nil)
	e.create(alice, "x")
	e.store.list = func() error { return errDisk }
	page, err := e.List(t.Context(), call(alice), todos.ListInput{Limit: 10})
	if err != todos.ErrInternal || len(page.Todos) != 0 {
		t.Errorf("got %+v, %v, want %v", page, err, todos.ErrInternal)
	}
	if row := e.lastRow(1); row.Decision != audit.Deny || row.Reason != audit.ReasonInternalError || row.ResultCount != nil {
		t.Errorf("row %+v", row)
	}
	if !strings.Contains(e.log.String(), errDisk.Error()) {
		t.Errorf("the log does not say why: %s", e.log)
	}
}

// badTx panics where it is asked to.
type badTx struct {
	todos.Tx
	in string
}

func (b badTx) Insert(o todos.Owner, t todos.Todo) error {
	if b.in == "insert" {
		panic("boom")
	}
	return b.Tx.Insert(o, t)
}

func (b badTx) ByID(issuer, tenant, id string) (todos.Todo, bool, error) {
	if b.in == "find" {
		panic("boom")
	}
	return b.Tx.ByID(issuer, tenant, id)
}

func (b badTx) Delete(o todos.Owner, t todos.Todo) error {
	if b.in == "delete" {
		panic("boom")
	}
	return b.Tx.Delete(o, t)
}

func (b badTx) Record(e audit.Event) error {
	if b.in == "record" {
		panic("boom")
	}
	return b.Tx.Record(e)
}

// TestPanics: wherever a call panics, it ends with one row, an error without detail, and
// nothing changed.
func TestPanics(t *testing.T) {
	inTx := func(where string) func(*faulty) {
		return func(f *faulty) {
			first := true
			f.tx = func(tx todos.Tx) todos.Tx {
				if first {
					first = false
					return badTx{tx, where}
				}
				return tx
			}
		}
	}
	boom := func() error { panic("boom") }
	for _, c := range []struct {
		tool, where string
		arm         func(*faulty)
	}{
		{todos.ToolCreate, "new id", nil},
		{todos.ToolCreate, "store", func(f *faulty) { f.write = once(boom) }},
		{todos.ToolCreate, "insert", inTx("insert")},
		{todos.ToolCreate, "record", inTx("record")},
		{todos.ToolList, "read", func(f *faulty) { f.list = boom }},
		{todos.ToolList, "store", func(f *faulty) { f.write = once(boom) }},
		{todos.ToolList, "record", inTx("record")},
		{todos.ToolDelete, "store", func(f *faulty) { f.write = once(boom) }},
		{todos.ToolDelete, "find", inTx("find")},
		{todos.ToolDelete, "delete", inTx("delete")},
		{todos.ToolDelete, "record", inTx("record")},
	} {
		t.Run(c.tool+"/"+c.where, func(t *testing.T) {
			idsPanic := false
			e := newEnv(t, func() string {
				if idsPanic {
					panic("boom")
				}
				return todos.NewIDs().Next()
			})
			hers := e.create(alice, "x")
			if idsPanic = c.arm == nil; !idsPanic {
				c.arm(e.store)
			}
			for _, a := range acts {
				if a.name == c.tool {
					if _, err := a.call(e, hers.ID); err != todos.ErrInternal {
						t.Errorf("got %v, want %v", err, todos.ErrInternal)
					}
				}
			}
			row := e.lastRow(1)
			if row.Tool != c.tool || row.Decision != audit.Deny || row.Reason != audit.ReasonInternalError || *row.Subject != alice.Subject {
				t.Errorf("row %+v", row)
			}
			if left := e.everything(); len(left) != 1 || left[0] != hers {
				t.Errorf("todos are %+v, want %+v as before", left, hers)
			}
			if !strings.Contains(e.log.String(), "boom") {
				t.Errorf("the log does not say what happened: %s", e.log)
			}
		})
	}
}

// TestTakenID: an id that chance gives twice is a failed call, not somebody's lost todo.
func TestTakenID(t *testing.T) {
	e := newEnv(t, func() string { return "aaaaaaaaaaaaa" })
	first := e.create(alice, "x")
	if _, err := e.Create(t.Context(), call(bob), todos.CreateInput{Content: "y"}); err != todos.ErrInternal {
		t.Errorf("got %v, want %v", err, todos.ErrInternal)
	}
	if row := e.lastRow(1); row.Reason != audit.ReasonInternalError || row.TargetID != nil {
		t.Errorf("row %+v", row)
	}
	if left := e.everything(); len(left) != 1 || left[0] != first {
		t.Errorf("todos are %+v, want %+v", left, first)
	}
}
