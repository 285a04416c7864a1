package todos_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

var auditor = person(issuer, "acme", "auditor", todos.ScopeAudit)

// TestMayReadLog: holders of read:audit see what their tenant did, and nothing else.
func TestMayReadLog(t *testing.T) {
	refused := deny(errMissing(todos.ScopeAudit), audit.ReasonMissingScope)
	for _, c := range []struct {
		name string
		p    auth.Principal
		want verdict
		sees int
	}{
		{"admin", callers["admin"], refused, 0},
		{"near misses", person(issuer, "acme", "caller", "read:Audit", "read:audit:all", "audit", "read:*"), refused, 0},
		{"auditor", person(issuer, "acme", "caller", todos.ScopeAudit), allow(audit.BasisScope, todos.ScopeAudit), 3},
		{"other tenant", person(issuer, "other", "caller", todos.ScopeAudit), allow(audit.BasisScope, todos.ScopeAudit), 1},
		{"other issuer", person("https://evil.example", "acme", "caller", todos.ScopeAudit), allow(audit.BasisScope, todos.ScopeAudit), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t, nil)
			for _, p := range []auth.Principal{callers["user"], alice, bob, outside} {
				e.create(p, "x")
			}
			page, err := e.ReadLog(t.Context(), call(c.p), todos.LogInput{Limit: 10})
			row := e.lastRow(4)
			if diff := cmp.Diff(c.want, verdictOf(err, row), sameError); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if len(page.Rows) != c.sees {
				t.Errorf("sees %d rows, want %d", len(page.Rows), c.sees)
			}
			if row.Tool != todos.ToolAudit || err == nil && *row.ResultCount != int64(c.sees) {
				t.Errorf("the row says %+v", row)
			}
		})
	}
}

// TestReadLogInput: what can never match is refused, since an empty page must mean that
// nothing happened.
func TestReadLogInput(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for argument, in := range map[string]todos.LogInput{
		"limit":       {Limit: todos.MaxLogPage + 1},
		"until":       {Limit: 1, Since: start, Until: start},
		"tool":        {Limit: 1, Tool: "get-todo"},
		"decision":    {Limit: 1, Decision: "denied"},
		"reason":      {Limit: 1, Reason: "because"},
		"targetId":    {Limit: 1, TargetID: "17"},
		"tokenSha256": {Limit: 1, TokenSHA256: hash[2:]},
		"cursor":      {Limit: 1, Cursor: "bDE6LTE"},
		"":            {Limit: todos.MaxLogPage, Since: start, Until: start.Add(1), Tool: audit.UnknownTool, Decision: audit.Deny, Reason: audit.ReasonRateLimited, TargetID: "abcdefghijklm", TokenSHA256: hash},
	} {
		e := newEnv(t, nil)
		_, err := e.ReadLog(t.Context(), call(auditor), in)
		row := e.lastRow(0)
		var invalid *todos.InvalidError
		switch {
		case argument == "" && err != nil:
			t.Errorf("a good filter: %v", err)
		case argument != "" && (!errors.As(err, &invalid) || invalid.Argument != argument || row.Reason != audit.ReasonInvalidArguments):
			t.Errorf("a bad %s: %v, row %s", argument, err, row.Reason)
		}
	}
}

// TestReadLogByName: everything that a row can name is found by it.
func TestReadLogByName(t *testing.T) {
	e := newEnv(t, nil)
	for _, name := range todos.Names() {
		e.Refuse(t.Context(), call(alice), name, audit.ReasonInvalidArguments)
	}
	for n, name := range todos.Names() {
		page, err := e.ReadLog(t.Context(), call(auditor), todos.LogInput{Limit: 10, Tool: name, Reason: audit.ReasonInvalidArguments})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].Seq != int64(n+1) {
			t.Errorf("%s: %+v, %v", name, page.Rows, err)
		}
	}
	if page, err := e.Plan(t.Context(), call(alice)); err != nil || !slices.Contains(todos.Names(), e.rows()[2*len(todos.Names())].Tool) {
		t.Errorf("the prompt is not among the names: %+v, %v", page, err)
	}
}

// TestReadLogPages: the pages of a log show every row that was there at the first one
// once, and each page leaves a row of its own.
func TestReadLogPages(t *testing.T) {
	e := newEnv(t, nil)
	for range 5 {
		e.create(alice, "x")
	}
	var got []int64
	pages := 0
	for cursor := ""; pages == 0 || cursor != ""; pages++ {
		page, err := e.ReadLog(t.Context(), call(auditor), todos.LogInput{Limit: 2, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Rows {
			got = append(got, r.Seq)
		}
		cursor = page.NextCursor
	}
	if diff := cmp.Diff([]int64{5, 4, 3, 2, 1}, got); diff != "" || pages != 3 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	e.lastRow(7)
}

// TestReadLogWithoutRow: rows are not shown if that cannot be recorded, and who may not
// see them hears that whether or not it can.
func TestReadLogWithoutRow(t *testing.T) {
	for _, fault := range storeErrors {
		e := newEnv(t, nil)
		e.create(alice, "x")
		e.store.tx = func(tx todos.Tx) todos.Tx { return noRecord{tx, fault} }
		page, err := e.ReadLog(t.Context(), call(auditor), todos.LogInput{Limit: 2})
		if !errors.Is(err, fault) || !cmp.Equal(page, todos.LogPage{}) {
			t.Errorf("%v: got %+v, %v", fault, page, err)
		}
		e.store.write = func() error { return fault }
		page, err = e.ReadLog(t.Context(), call(admin), todos.LogInput{Limit: 2})
		if heard(err) != errMissing(todos.ScopeAudit) || len(page.Rows) != 0 {
			t.Errorf("%v, without the scope: got %+v, %v", fault, page, err)
		}
		e.lastRow(0)
	}
}

// TestReadLogFails: a log that cannot be read is a recorded failure without detail.
func TestReadLogFails(t *testing.T) {
	for name, fault := range map[string]func() error{
		"error": func() error { return errDisk },
		"panic": func() error { panic("boom") },
	} {
		e := newEnv(t, nil)
		e.store.readLog = fault
		if page, err := e.ReadLog(t.Context(), call(auditor), todos.LogInput{Limit: 2}); err != todos.ErrInternal || len(page.Rows) != 0 {
			t.Errorf("%s: got %+v, %v", name, page, err)
		}
		if row := e.lastRow(0); row.Tool != todos.ToolAudit || row.Reason != audit.ReasonInternalError || row.ResultCount != nil {
			t.Errorf("%s: the row says %+v", name, row)
		}
	}
}

// blocking is a transaction in which everybody is blocked.
type blocking struct{ todos.Tx }

func (blocking) Blocked(todos.Owner) (bool, error) { return true, nil }

// TestReadLogOrder: who is blocked learns nothing else, and arguments are looked at before
// the scope, as with the other tools.
func TestReadLogOrder(t *testing.T) {
	bad := todos.LogInput{Limit: 1, Tool: "get-todo"}
	for _, c := range []struct {
		name    string
		p       auth.Principal
		in      todos.LogInput
		blocked bool
		want    audit.Reason
	}{
		{"blocked, good", auditor, todos.LogInput{Limit: 1}, true, audit.ReasonBlockedUser},
		{"blocked, without the scope", alice, todos.LogInput{Limit: 1}, true, audit.ReasonBlockedUser},
		{"blocked, bad arguments", alice, bad, true, audit.ReasonBlockedUser},
		{"bad arguments, without the scope", alice, bad, false, audit.ReasonInvalidArguments},
	} {
		e := newEnv(t, nil)
		if c.blocked {
			e.store.tx = func(tx todos.Tx) todos.Tx { return blocking{tx} }
		}
		page, err := e.ReadLog(t.Context(), call(c.p), c.in)
		if errors.Is(err, todos.ErrBlocked) != c.blocked || err == nil || len(page.Rows) != 0 {
			t.Errorf("%s: got %+v, %v", c.name, page, err)
		}
		if row := e.lastRow(0); row.Reason != c.want {
			t.Errorf("%s: the row says %s, want %s", c.name, row.Reason, c.want)
		}
	}
}

// TestReadLogLongRows: a page of long rows ends before it gets large, and the cursor goes
// on from there.
func TestReadLogLongRows(t *testing.T) {
	e := newEnv(t, nil)
	const count, most = 150, 300 << 10
	wordy := person(issuer, "acme", strings.Repeat("s", 255), strings.Repeat("a", 250), strings.Repeat("b", 250))
	for range 12 {
		wordy.Scopes = append(wordy.Scopes, strings.Repeat("c", 250))
	}
	for range count {
		e.Refuse(t.Context(), call(wordy), audit.UnknownTool, audit.ReasonUnknownTool)
	}
	var got []int64
	in := todos.LogInput{Limit: todos.MaxLogPage, Tool: audit.UnknownTool}
	for more := true; more; more = in.Cursor != "" {
		page, err := e.ReadLog(t.Context(), call(auditor), in)
		if err != nil || len(page.Rows) == 0 || !page.ScannedTo.IsZero() {
			t.Fatalf("a page of %d rows down to %v, %v", len(page.Rows), page.ScannedTo, err)
		}
		size := 0
		for _, r := range page.Rows {
			size += len(r.ScopesGranted) + len(*r.Subject)
			got = append(got, r.Seq)
		}
		if size > most {
			t.Errorf("a page of %d bytes", size)
		}
		in.Cursor = page.NextCursor
	}
	if len(got) != count || got[0] != count || got[count-1] != 1 {
		t.Errorf("%d rows from %d to %d, want %d", len(got), got[0], got[len(got)-1], count)
	}
}
