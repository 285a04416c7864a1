package todos_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

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
	auditor := person(issuer, "acme", "auditor", todos.ScopeAudit)
	hash := strings.Repeat("ab", 32)
	for argument, in := range map[string]todos.LogInput{
		"limit":       {Limit: todos.MaxLogPage + 1},
		"tool":        {Limit: 1, Tool: "get-todo"},
		"decision":    {Limit: 1, Decision: "denied"},
		"reason":      {Limit: 1, Reason: "because"},
		"targetId":    {Limit: 1, TargetID: "17"},
		"tokenSha256": {Limit: 1, TokenSHA256: hash[2:]},
		"cursor":      {Limit: 1, Cursor: "bDE6LTE"},
		"":            {Limit: todos.MaxLogPage, Tool: audit.UnknownTool, Decision: audit.Deny, Reason: audit.ReasonRateLimited, TargetID: "abcdefghijklm", TokenSHA256: hash},
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

// TestReadLogPages: the pages of a log show every row that was there at the first one
// once, and each page leaves a row of its own.
func TestReadLogPages(t *testing.T) {
	e := newEnv(t, nil)
	for range 5 {
		e.create(alice, "x")
	}
	auditor := person(issuer, "acme", "auditor", todos.ScopeAudit)
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

// TestReadLogWithoutRow: rows are not shown if that cannot be recorded, nor if they
// cannot be read.
func TestReadLogWithoutRow(t *testing.T) {
	e := newEnv(t, nil)
	e.create(alice, "x")
	auditor := person(issuer, "acme", "auditor", todos.ScopeAudit)
	e.store.write = once(func() error { return todos.ErrAuditUnavailable })
	page, err := e.ReadLog(t.Context(), call(auditor), todos.LogInput{Limit: 2})
	if !errors.Is(err, todos.ErrAuditUnavailable) || len(page.Rows) != 0 {
		t.Errorf("got %d rows, %v", len(page.Rows), err)
	}
	e.lastRow(0)

	e.store.readLog = once(func() error { return errors.New("disk I/O error") })
	if _, err := e.ReadLog(t.Context(), call(auditor), todos.LogInput{Limit: 2}); !errors.Is(err, todos.ErrInternal) {
		t.Errorf("unreadable: %v", err)
	}
	if row := e.lastRow(1); row.Reason != audit.ReasonInternalError {
		t.Errorf("unreadable: the row says %s", row.Reason)
	}
}
