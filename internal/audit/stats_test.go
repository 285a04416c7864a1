package audit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
)

// TestTally adds groups up, however the rows are divided into them.
func TestTally(t *testing.T) {
	text := func(s string) *string { return &s }
	call := func(day int64, tool string, d audit.Decision, r audit.Reason, rows int64, subject *string) audit.Group {
		return audit.Group{Day: day, Event: audit.ToolCall, Tool: tool, Decision: d, Reason: r, Rows: rows, Times: rows, Issuer: "i", Subject: subject, ClientID: text("c")}
	}
	var tally audit.Tally
	for _, g := range []audit.Group{
		call(1, "get-todos", audit.Allow, audit.ReasonOK, 3, text("alice")),
		call(0, "get-todos", audit.Allow, audit.ReasonOK, 1, text("alice")),
		call(1, "create-todo", audit.Deny, audit.ReasonMissingScope, 2, text("bob")),
		call(1, "create-todo", audit.Deny, audit.ReasonStorageLow, 5, nil), // erased
		call(1, "create-todo", audit.Allow, audit.ReasonOK, 1, nil),
		{Day: 1, Event: audit.RateLimited, Decision: audit.Deny, Reason: audit.ReasonRateLimited, Rows: 1, Times: 70, Issuer: "i", Subject: text("bob")},
		{Day: 1, Event: audit.RateLimited, Decision: audit.Deny, Reason: audit.ReasonRateLimited, Rows: 1, Times: 7, Issuer: "i", Subject: text("bob")},
		{Day: 1, Event: audit.UserBlock, Decision: audit.Allow, Reason: audit.ReasonOK, Rows: 1, Times: 1, Issuer: "i"},
	} {
		tally.Add(g)
	}
	want := audit.Stats{
		Rows: 15, Calls: audit.Outcomes{Allowed: 5, Denied: 7},
		Tools:    []audit.ToolStats{{"create-todo", audit.Outcomes{Allowed: 1, Denied: 7}}, {"get-todos", audit.Outcomes{Allowed: 4}}},
		Days:     []audit.DayStats{{"1970-01-01", audit.Outcomes{Allowed: 1}}, {"1970-01-02", audit.Outcomes{Allowed: 4, Denied: 7}}},
		Denials:  []audit.Count{{audit.ToolCall, audit.ReasonStorageLow, 5}, {audit.ToolCall, audit.ReasonMissingScope, 2}},
		Refusals: []audit.Count{{audit.RateLimited, audit.ReasonRateLimited, 77}},
		Subjects: []audit.UseStats{{"i", "", nil, audit.Outcomes{Allowed: 1, Denied: 5}}, {"i", "", text("alice"), audit.Outcomes{Allowed: 4}}},
		Clients:  []audit.UseStats{{"i", "", text("c"), audit.Outcomes{Allowed: 5, Denied: 7}}},
	}
	if diff := cmp.Diff(want, tally.Stats(2)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
