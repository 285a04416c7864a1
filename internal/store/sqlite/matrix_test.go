package sqlite_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	lib "modernc.org/sqlite/lib"

	"todomanager/internal/todos"
)

// health is what a call does while nothing is wrong, and what a case is compared with.
type health struct {
	steps  []string // that the driver saw, in order
	ready  []string // those of Ready
	shown  int
	change change
}

// learn runs a call without a fault. The steps come from the driver, so that a new
// statement is tried without anybody having to think of it.
func (r *rig) learn(c tried) (h health) {
	r.Helper()
	r.reset()
	before, p := r.state(), &plan{at: -1}
	r.faults.set(p.hook)
	shown, err := c.call(r)
	if ok := err == nil; ok != (c.refusal == nil) || !ok && !c.refusal(err) {
		r.Fatalf("without a fault: %v", err)
	}
	h = health{steps: p.steps(), shown: len(shown), change: r.state().since(before)}
	for _, name := range []string{"BEGIN IMMEDIATE", "SAVEPOINT call", "AppendAudit", "RELEASE call", "MoveAuditHead", "COMMIT"} {
		if !slices.Contains(h.steps, name) {
			r.Fatalf("%s is not among the steps %q", name, h.steps)
		}
	}
	p = &plan{at: -1}
	r.faults.set(p.hook)
	if err := r.store.Ready(r.Context()); err != nil {
		r.Fatal(err)
	}
	h.ready = p.steps()
	return h
}

// phase is a part of a call's way through the store.
type phase int

const (
	reading  phase = iota // of a listing, before the transaction
	opening               // the group's, before any call
	working               // the call's own part of the group
	sealing               // the group's, after all calls
	fateless              // COMMIT: what became of it is not known
)

func (h health) phase(at int) phase {
	switch {
	case at < slices.Index(h.steps, "BEGIN IMMEDIATE"):
		return reading
	case at < slices.Index(h.steps, "SAVEPOINT call"):
		return opening
	case at <= slices.Index(h.steps, "RELEASE call"):
		return working
	case h.steps[at] == "COMMIT":
		return fateless
	default:
		return sealing
	}
}

// decided reports whether a call's refusal was known before a step.
func (h health) decided(c tried, at int) bool {
	if c.refusal == nil {
		return false
	}
	for _, name := range h.steps[at:] {
		if c.decidedBy != "" && strings.HasPrefix(name, c.decidedBy) {
			return false
		}
	}
	return true
}

// TestEveryStep fails every statement of every kind of call, in every way, for once and
// for good. Nothing may be changed that is not recorded nor shown that is not, and
// nobody may hear anything but the truth.
func TestEveryStep(t *testing.T) {
	for _, c := range calls() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			h := r.learn(c)
			for at := range h.steps {
				ways := kinds()
				if h.steps[at] == "COMMIT" {
					ways = append(ways, kind{name: "I/O error after it was done", code: lib.SQLITE_IOERR, done: true, lasts: once})
				}
				for _, k := range ways {
					r.try(c, h, &plan{at: at, kind: k})
				}
			}
			r.verify()
		})
	}
}

// try runs one case.
func (r *rig) try(c tried, h health, p *plan) {
	at := fmt.Sprintf("%d %s, %s, %s", p.at, h.steps[p.at], p.name, p.lasts)
	r.reset()
	before := r.state()
	r.faults.set(p.hook)
	shown, err := c.call(r)
	if err := p.check(h.steps[p.at]); err != nil {
		r.Fatalf("%s: %v", at, err)
	}

	want := h.expect(c, p)
	if !want.heard(err) {
		r.Errorf("%s: heard %v", at, err)
	}
	if err == nil && len(shown) != h.shown || err != nil && len(shown) != 0 {
		r.Errorf("%s: shown %v after %v", at, shown, err)
	}
	after := r.state()
	if got := after.since(before); got != want.change || want.change == (change{}) && after != before {
		r.Errorf("%s: changed %+v, want %+v", at, got, want.change)
	}

	broken := p.lasts == spreads || p.lasts == stays && slices.Contains(h.ready, h.steps[p.at])
	if err := r.store.Ready(r.Context()); (err != nil) != broken {
		r.Errorf("%s: ready says %v while the fault is there: %v", at, err, broken)
	}
	r.reset()
	if met := r.store.ForgetDamage(); met != (p.code == lib.SQLITE_CORRUPT) {
		r.Errorf("%s: takes the file for damaged: %t", at, met)
	}
	if err := r.store.Ready(r.Context()); err != nil {
		r.Errorf("%s: not ready again: %v", at, err)
	}
	before = r.state()
	if shown, err := c.call(r); (err != nil) != (c.refusal != nil) || len(shown) != h.shown {
		r.Errorf("%s: the same call afterwards: %v, %v", at, shown, err)
	}
	if got := r.state().since(before); got != h.change {
		r.Errorf("%s: the same call afterwards changed %+v, want %+v", at, got, h.change)
	}
}

// expected is what must come of a case.
type expected struct {
	heard  func(error) bool
	change change
}

func (h health) expect(c tried, p *plan) expected {
	where := h.phase(p.at)
	// What is not the call's own fault is tried once more.
	healed := p.lasts == once && (where == opening || where == sealing)
	var e expected
	if healed || where == fateless && p.done {
		e.change = h.change
	}
	if where == reading && p.lasts != spreads { // a failed read is recorded, as a failure
		e.change = change{0, 1, strings.Replace(h.change.outcome, "allow ok", "deny internal_error", 1)}
	}
	switch {
	case c.refusal != nil && (healed || h.decided(c, p.at)):
		e.heard = c.refusal
	case healed:
		e.heard = func(err error) bool { return err == nil }
	case where == reading:
		e.heard = is(todos.ErrInternal)
	case where == fateless:
		e.heard = only(todos.ErrOutcomeUnknown)
	default:
		e.heard = only(todos.ErrAuditUnavailable)
	}
	return e
}

// only tells an answer of the store from the others that it has.
func only(want error) func(error) bool {
	return func(err error) bool {
		for _, other := range []error{todos.ErrAuditUnavailable, todos.ErrOutcomeUnknown, todos.ErrInternal, todos.ErrOverloaded} {
			if errors.Is(err, other) != (other == want) {
				return false
			}
		}
		return true
	}
}
