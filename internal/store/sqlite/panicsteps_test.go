package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// panicky is a store whose transactions panic once, before or after their nth step.
type panicky struct {
	todos.Store
	left int // steps before the panic; it is over when this is below zero
}

func (p *panicky) Write(ctx context.Context, fn func(todos.Tx) error) error {
	return p.Store.Write(ctx, func(tx todos.Tx) error {
		err := fn(panickyTx{tx, p})
		p.step()
		return err
	})
}

func (p *panicky) step() {
	if p.left--; p.left == -1 {
		panic("injected")
	}
}

type panickyTx struct {
	todos.Tx
	p *panicky
}

func (t panickyTx) Now() time.Time                      { t.p.step(); return t.Tx.Now() }
func (t panickyTx) StorageLow() bool                    { t.p.step(); return t.Tx.StorageLow() }
func (t panickyTx) Blocked(o todos.Owner) (bool, error) { t.p.step(); return t.Tx.Blocked(o) }
func (t panickyTx) Count(o todos.Owner) (int64, error)  { t.p.step(); return t.Tx.Count(o) }
func (t panickyTx) Record(e audit.Event) error          { t.p.step(); return t.Tx.Record(e) }
func (t panickyTx) Insert(o todos.Owner, todo todos.Todo) error {
	t.p.step()
	return t.Tx.Insert(o, todo)
}
func (t panickyTx) Delete(o todos.Owner, todo todos.Todo) error {
	t.p.step()
	return t.Tx.Delete(o, todo)
}
func (t panickyTx) ByID(issuer, tenant, id string) (todos.Todo, bool, error) {
	t.p.step()
	return t.Tx.ByID(issuer, tenant, id)
}

// TestPanicAtEveryStep: a call that panics anywhere in its part of a group, be it the
// first, middle or last of the group, is recorded as failed and changes nothing; a refusal
// that was decided stays one. The others of the group do not notice.
func TestPanicAtEveryStep(t *testing.T) {
	for _, c := range calls() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			for position := range 3 {
				steps := 0
				for r.panics(&trio{tried: c, position: position}, steps) {
					steps++
				}
				if steps < 3 { // Blocked, Record, the end
					t.Errorf("there are %d steps only", steps)
				}
			}
			r.verify()
		})
	}
}

// panics runs three calls, of which one panics after n steps, and reports whether it came
// to that.
func (r *rig) panics(g *trio, n int) bool {
	r.Helper()
	store := &panicky{r.store, n}
	service, err := todos.NewService(todos.Options{Store: store, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		r.Fatal(err)
	}
	call := g.call
	one := trio{position: g.position, tried: tried{call: func(r *rig) ([]todos.Todo, error) {
		other := *r
		other.service = service
		return call(&other)
	}}}
	r.reset()
	before := r.state()
	shown, errs := one.run(r, &plan{at: -1})
	if store.left >= 0 {
		return false
	}
	got, at := r.state().since(before), fmt.Sprintf("call %d, panic after %d steps", g.position, n)
	rows := int64(3)
	switch err := errs[g.position]; {
	case g.refusal != nil && g.refusal(err):
		if n > 0 || g.decidedBy != "IsBlocked" { // a block is found again when the failure is recorded
			rows = 2
		}
	case g.refusal != nil && g.decidedBy == "", !errors.Is(err, todos.ErrInternal):
		r.Errorf("%s: heard %v", at, err)
	case !strings.Contains(got.outcome, " deny internal_error "):
		r.Errorf("%s: recorded as %s", at, got.outcome)
	}
	if got.todos != 2 || got.rows != rows || len(shown) != 0 {
		r.Errorf("%s: changed %+v, shown %v, want 2 todos, %d rows", at, got, shown, rows)
	}
	for i, err := range errs {
		if i != g.position && err != nil {
			r.Errorf("%s: call %d heard %v", at, i, err)
		}
	}
	return true
}
