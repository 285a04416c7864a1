package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// wholeRow: every member of an event is found again in its column.
func wholeRow(f *fixture) {
	count := 0
	e := audit.Event{
		Call: audit.Call{
			Principal: auth.Principal{
				Issuer: "https://id.example", Tenant: "acme", Subject: "admin", ClientID: "inspector",
				Scopes: auth.ParseScopes("read:todos create:todos other"), TokenHash: [32]byte{0xab, 31: 0xcd}, TokenID: "jti-1",
			},
			RequestID: "request-1", TraceID: strings.Repeat("ab", 16), Started: start.Add(-1500 * time.Microsecond),
		},
		Tool: todos.ToolDelete, Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope,
		ScopesUsed: auth.Scopes{todos.ScopeDelete}, TargetID: id(1), TargetSubject: "alice", ResultCount: &count,
	}
	empty := audit.Event{
		Call: audit.Call{Principal: auth.Principal{Issuer: "https://id.example", Subject: "bob"}, Started: start.Add(time.Hour)},
		Tool: audit.UnknownTool, Decision: audit.Deny, Reason: audit.ReasonUnknownTool,
	}
	counted := audit.Event{Kind: audit.RateLimited, Decision: audit.Deny, Reason: "rate_limited", Details: map[string]int{"count": 3}}
	f.write(func(tx todos.Tx) error { return errors.Join(tx.Record(e), tx.Record(empty), tx.Record(counted)) })

	text := func(s string) *string { return &s }
	none := int64(0)
	want := []audit.Row{{
		Seq: 1, OccurredAt: start, Event: audit.ToolCall, Tool: todos.ToolDelete,
		Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope,
		ScopesGranted: "create:todos other read:todos", ScopesUsed: "delete:todos",
		TargetID: text(id(1)), TargetSubject: text("alice"), ResultCount: &none,
		Issuer: "https://id.example", Tenant: "acme", Subject: text("admin"), ClientID: text("inspector"),
		TokenSHA256: audit.Bytes{0: 0xab, 31: 0xcd}, TokenID: text("jti-1"), RequestID: "request-1", TraceID: text(strings.Repeat("ab", 16)),
		DurationUS: 1500,
	}, {
		Seq: 2, OccurredAt: start, Event: audit.ToolCall, Tool: audit.UnknownTool,
		Decision: audit.Deny, Reason: audit.ReasonUnknownTool,
		Issuer: "https://id.example", Subject: text("bob"), ClientID: text(""), TokenID: text(""), // and no negative duration where the clock went back
	}, {
		Seq: 3, OccurredAt: start, Event: audit.RateLimited, Decision: audit.Deny, Reason: "rate_limited",
		Details: text(`{"count":3}`),
	}}
	if diff := cmp.Diff(want, f.rows(audit.Filter{}), cmpopts.IgnoreFields(audit.Row{}, "ActorSalt", "TargetSalt", "Hash")); diff != "" {
		f.Errorf("rows (-want +got):\n%s", diff)
	}
}

// noGaps: many callers at once, some of whom fail. The rows of the others are numbered
// from 1 without a gap, and each todo has its row and each row its todo.
func noGaps(f *fixture) {
	const callers, calls = 8, 25
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() {
			for call := range calls {
				n := caller*calls + call
				fails := n%3 == 0
				err := f.Write(f.Context(), func(tx todos.Tx) error {
					todo := todos.Todo{ID: id(n), Content: "x", CreatedAt: tx.Now()}
					if err := errors.Join(tx.Insert(alice, todo), tx.Record(event(alice, todo.ID))); err != nil || !fails {
						return err
					}
					return errUndo
				})
				if fails != errors.Is(err, errUndo) || !fails && err != nil {
					f.Errorf("call %d: %v", n, err)
				}
			}
		})
	}
	wait.Wait()

	var kept, recorded []string
	for _, todo := range f.list(all(alice)) {
		kept = append(kept, todo.ID)
	}
	for i, row := range f.rows(audit.Filter{}) {
		if row.Seq != int64(i)+1 {
			f.Fatalf("row %d has seq %d", i+1, row.Seq)
		}
		recorded = append(recorded, *row.TargetID)
	}
	slices.Sort(kept)
	slices.Sort(recorded)
	if want := callers*calls - (callers*calls+2)/3; len(kept) != want || !slices.Equal(kept, recorded) {
		f.Errorf("%d todos, %d rows, want the same ones and %d of each", len(kept), len(recorded), want)
	}
}

// failedCall: an error, a panic or an event that breaks a rule undoes all of its call,
// and comes back as the contract says.
func failedCall(f *fixture) {
	before := f.add(alice, id(1))
	everything := func(tx todos.Tx) error { // everything a call can do
		return errors.Join(
			tx.Insert(alice, todos.Todo{ID: id(2), Content: "x", CreatedAt: tx.Now()}),
			tx.Delete(alice, before),
			tx.Record(event(alice, id(2))))
	}
	for _, c := range []struct {
		name string
		end  func(todos.Tx) error
		want error
	}{
		{"error of the caller", func(todos.Tx) error { return errUndo }, errUndo},
		{"panic", func(todos.Tx) error { panic("boom") }, todos.ErrInternal},
		{"event without a reason", func(tx todos.Tx) error {
			e := event(alice, id(3))
			e.Reason = ""
			return tx.Record(e)
		}, todos.ErrInternal},
	} {
		err := f.Write(f.Context(), func(tx todos.Tx) error {
			if err := everything(tx); err != nil {
				return fmt.Errorf("the call did not get to its end: %w", err)
			}
			return c.end(tx)
		})
		if !errors.Is(err, c.want) {
			f.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if errors.Is(c.want, errUndo) && !errors.Is(err, errUndo) {
			f.Errorf("%s: %v came back wrapped", c.name, err)
		}
		if got := f.list(all(alice)); !slices.Equal(got, []todos.Todo{before}) {
			f.Errorf("%s: todos are %v, want %v", c.name, got, before)
		}
		if got := f.rows(audit.Filter{}); len(got) != 1 {
			f.Errorf("%s: %d rows, want the first call's", c.name, len(got))
		}
	}
	f.add(alice, id(4))
	if got := f.rows(audit.Filter{}); len(got) != 2 || got[1].Seq != 2 {
		f.Errorf("the next call's row is not number 2: %+v", got)
	}
}

// timeForward: the log's time stands still while the clock is behind it, and goes on
// with the clock.
func timeForward(f *fixture) {
	for i, step := range []struct{ clock, want time.Duration }{
		{0, 0},
		{1500 * time.Microsecond, time.Millisecond}, // whole milliseconds
		{-time.Hour, time.Millisecond},
		{-24 * 365 * time.Hour, time.Millisecond},
		{time.Millisecond, time.Millisecond},
		{time.Second, time.Second},
	} {
		f.clock.set(start.Add(step.clock))
		if todo := f.add(alice, id(i)); !todo.CreatedAt.Equal(start.Add(step.want)) {
			f.Errorf("clock at %v: the call's time is %v, want %v", step.clock, todo.CreatedAt.Sub(start), step.want)
		}
	}
	rows := f.rows(audit.Filter{})
	if !slices.IsSortedFunc(rows, func(a, b audit.Row) int { return a.OccurredAt.Compare(b.OccurredAt) }) {
		f.Errorf("the log goes back in time: %+v", rows)
	}
}

// oneTime: a todo and its row have the same time, however long the call takes.
func oneTime(f *fixture) {
	var first, second time.Time
	f.write(func(tx todos.Tx) error {
		first = tx.Now()
		f.clock.set(start.Add(time.Minute))
		second = tx.Now()
		return tx.Record(event(alice, id(1)))
	})
	if row := f.rows(audit.Filter{})[0]; first != start || second != start || !row.OccurredAt.Equal(start) {
		f.Errorf("times of one call: %v, %v, row %v, want %v", first, second, row.OccurredAt, start)
	}
}

// filtered: filters are exact, join with and, and a limit keeps the newest.
func filtered(f *fixture) {
	bob := alice
	bob.Subject = "bob"
	for n := range 6 { // rows 1 to 6, a second apart; alice, bob, alice, ...
		f.clock.set(start.Add(time.Duration(n) * time.Second))
		e := event([]todos.Owner{alice, bob}[n%2], "")
		if n >= 3 {
			e.Tool, e.Decision, e.Reason, e.Basis, e.ScopesUsed = todos.ToolDelete, audit.Deny, audit.ReasonNotFound, audit.BasisNone, nil
		}
		f.write(func(tx todos.Tx) error { return tx.Record(e) })
	}
	for _, c := range []struct {
		name   string
		filter audit.Filter
		want   []int64
	}{
		{"none", audit.Filter{}, []int64{1, 2, 3, 4, 5, 6}},
		{"since a row", audit.Filter{Since: start.Add(2 * time.Second)}, []int64{3, 4, 5, 6}},
		{"since just after a row", audit.Filter{Since: start.Add(2*time.Second + 1)}, []int64{4, 5, 6}},
		{"since the end", audit.Filter{Since: start.Add(time.Hour)}, nil},
		{"since the start", audit.Filter{Since: start.Add(-time.Hour)}, []int64{1, 2, 3, 4, 5, 6}},
		{"subject", audit.Filter{Subject: "bob"}, []int64{2, 4, 6}},
		{"subject in other case", audit.Filter{Subject: "Bob"}, nil},
		{"tool", audit.Filter{Tool: todos.ToolCreate}, []int64{1, 2, 3}},
		{"decision", audit.Filter{Decision: audit.Deny}, []int64{4, 5, 6}},
		{"newest one", audit.Filter{Limit: 1}, []int64{6}},
		{"newest two of a subject", audit.Filter{Subject: "alice", Limit: 2}, []int64{3, 5}},
		{"more than there are", audit.Filter{Subject: "alice", Limit: 4}, []int64{1, 3, 5}},
		{"as many as there are", audit.Filter{Limit: 6}, []int64{1, 2, 3, 4, 5, 6}},
		{"any number", audit.Filter{Limit: 1 << 62}, []int64{1, 2, 3, 4, 5, 6}},
		{"all together", audit.Filter{Since: start.Add(time.Second), Subject: "alice", Tool: todos.ToolCreate, Decision: audit.Allow, Limit: 5}, []int64{3}},
		{"limit within since", audit.Filter{Since: start.Add(5 * time.Second), Limit: 3}, []int64{6}},
	} {
		var got []int64
		for _, row := range f.rows(c.filter) {
			got = append(got, row.Seq)
		}
		if !slices.Equal(got, c.want) {
			f.Errorf("%s: rows %v, want %v", c.name, got, c.want)
		}
	}
	if err := f.Each(f.Context(), audit.Filter{}, func(audit.Row) error { return errUndo }); !errors.Is(err, errUndo) {
		f.Errorf("an error of the reader came back as %v", err)
	}
}
