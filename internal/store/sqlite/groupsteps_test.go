package sqlite_test

import (
	"fmt"
	"slices"
	"testing"

	lib "modernc.org/sqlite/lib"

	"todomanager/internal/todos"
)

// trio is three calls in one group, of which one is looked at. The others create a todo.
type trio struct {
	tried
	position int
	steps    []string // of the whole group
	first    int      // and those of the one call's part of it
	last     int
	alone    change // what the one call does
}

// run carries the three out with a fault that may be none.
func (g *trio) run(r *rig, p *plan) (shown []todos.Todo, errs []error) {
	r.Helper()
	three := make([]func() error, 3)
	for i := range three {
		three[i] = func() error {
			if i == 0 {
				r.faults.set(p.hook) // the holding call has begun
			}
			if i != g.position {
				_, err := creates("bob", "bystander", todos.ScopeCreate)(r)
				return err
			}
			var err error
			shown, err = g.call(r)
			return err
		}
	}
	errs = grouped(r.T, r.store, three...)
	return shown, errs
}

// learn runs the three without a fault.
func (g *trio) learn(r *rig) {
	r.Helper()
	r.reset()
	before, p := r.state(), &plan{from: "BEGIN IMMEDIATE", at: -1}
	g.run(r, p)
	g.steps = p.steps()
	for range g.position + 1 {
		g.first += slices.Index(g.steps[g.first:], "SAVEPOINT call") + 1
	}
	g.first--
	g.last = g.first + slices.Index(g.steps[g.first:], "RELEASE call")
	g.alone = r.state().since(before)
	g.alone.todos -= 2
	g.alone.rows -= 2
	if last := len(g.steps) - 1; g.steps[last] != "COMMIT" || g.alone.rows != 1 || slices.Index(g.steps, "COMMIT") != last {
		r.Fatalf("they are not one group of three calls with a row each: %q", g.steps)
	}
}

// TestEveryStepOfAGroup fails every statement of a call that is first,
// in the middle and last of a group, and of the group itself. The others must not notice.
func TestEveryStepOfAGroup(t *testing.T) {
	for _, c := range calls() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			for position := range 3 {
				g := trio{tried: c, position: position}
				g.learn(r)
				for at := range g.steps {
					for _, k := range g.ways(at) {
						g.try(r, &plan{from: "BEGIN IMMEDIATE", at: at, kind: k})
					}
				}
			}
			r.verify()
		})
	}
}

// ways are those in which a step is failed: the one call's own, and the group's.
func (g *trio) ways(at int) []kind {
	if at >= g.first && at <= g.last {
		return []kind{
			{name: "I/O error, transaction gone", code: lib.SQLITE_IOERR, dropped: true, lasts: once},
			{name: "busy", code: lib.SQLITE_BUSY, lasts: once},
		}
	}
	if at < slices.Index(g.steps, "SAVEPOINT call") || at >= slices.Index(g.steps, "MoveAuditHead") {
		return []kind{{name: "full, transaction gone", code: lib.SQLITE_FULL, dropped: true, lasts: once}}
	}
	return nil // a bystander's
}

func (g *trio) try(r *rig, p *plan) {
	at := fmt.Sprintf("call %d, step %d %s, %s", g.position, p.at, g.steps[p.at], p.name)
	r.reset()
	before := r.state()
	shown, errs := g.run(r, p)
	if err := p.check(g.steps[p.at]); err != nil {
		r.Fatalf("%s: %v", at, err)
	}
	one, others, want := g.expect(p)
	for i, err := range errs {
		if heard := i == g.position && one(err) || i != g.position && others(err); !heard {
			r.Errorf("%s: call %d heard %v", at, i, err)
		}
	}
	if errs[g.position] != nil && len(shown) != 0 {
		r.Errorf("%s: shown %v after %v", at, shown, errs[g.position])
	}
	if got := r.state().since(before); got.todos != want.todos || got.rows != want.rows {
		r.Errorf("%s: changed %+v, want %+v", at, got, want)
	}
}

// expect returns what the one call and the others must hear, and what all of them change.
func (g *trio) expect(p *plan) (one, others func(error) bool, all change) {
	own := p.at >= g.first && p.at <= g.last
	one = g.refusal
	refused := g.refusal != nil && (!own || health{steps: g.steps[g.first : g.last+1]}.decided(g.tried, p.at-g.first))
	switch {
	case g.steps[p.at] == "COMMIT":
		if !refused {
			one = only(todos.ErrOutcomeUnknown)
		}
		return one, only(todos.ErrOutcomeUnknown), change{}
	case !own: // all three are tried once more
		if !refused {
			one = is(nil)
		}
		return one, is(nil), change{todos: g.alone.todos + 2, rows: 3}
	case refused:
		return one, is(nil), change{todos: 2, rows: 2}
	default:
		return only(todos.ErrAuditUnavailable), is(nil), change{todos: 2, rows: 2}
	}
}
