package todos_test

import (
	"slices"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// logMark is a place in the log where a page ended, whoever read it.
type logMark struct {
	cursor string
	before int64 // seq that the rows of the next page are below; 0: from the newest on
}

// readLog returns the rows that the caller sees, and what they hear.
func (m *model) readLog(p auth.Principal, now time.Time, in todos.LogInput, before int64) (seen []int64, answer string) {
	row := audit.Row{Tool: todos.ToolAudit, Reason: audit.ReasonMissingScope}
	if slices.Contains(p.Scopes, todos.ScopeAudit) {
		for _, r := range slices.Backward(m.rows) {
			if len(seen) < in.Limit && (before == 0 || r.Seq < before) && r.Issuer == p.Issuer && r.Tenant == p.Tenant && selects(in, r) {
				seen = append(seen, r.Seq)
			}
		}
		count := int64(len(seen))
		row.Reason, row.Basis, row.ScopesUsed, row.ResultCount = audit.ReasonOK, audit.BasisScope, todos.ScopeAudit, &count
	}
	m.record(p, now, row)
	if row.Reason != audit.ReasonOK {
		return nil, "missing read:audit"
	}
	return seen, "ok"
}

func selects(in todos.LogInput, r audit.Row) bool {
	return (in.Subject == "" || *r.Subject == in.Subject) &&
		(in.Tool == "" || r.Tool == in.Tool) &&
		(in.Decision == "" || r.Decision == in.Decision) &&
		(in.TargetID == "" || r.TargetID != nil && *r.TargetID == in.TargetID) &&
		(in.Since.IsZero() || !r.OccurredAt.Before(in.Since))
}

// stepLog lets somebody read the log, by a random filter and from a random place on.
func (r *run) stepLog(p auth.Principal) {
	now := r.clock.read()
	mark := pick(r.random, r.marks)
	in := todos.LogInput{
		Limit: 1 + r.random.IntN(6), Cursor: mark.cursor,
		Subject:  pick(r.random, []string{"", "", "alice", "bob"}),
		Tool:     pick(r.random, []string{"", "", todos.ToolCreate, todos.ToolAudit}),
		Decision: pick(r.random, []audit.Decision{"", "", audit.Allow, audit.Deny}),
		Since:    pick(r.random, []time.Time{{}, {}, now.Add(-20 * time.Millisecond)}),
	}
	if id := pick(r.random, r.ids); todos.IsID(id) && r.random.IntN(4) == 0 {
		in.TargetID = id
	}
	page, err := r.ReadLog(r.Context(), call(p), in)
	want, hears := r.model.readLog(p, now, in, mark.before)
	var got []int64
	for _, row := range page.Rows {
		got = append(got, row.Seq)
	}
	if answer(err) != hears || !slices.Equal(got, want) {
		r.Fatalf("%s reads the log by %+v: rows %v, %v, want %v, %s", p.Subject, in, got, err, want, hears)
	}
	if full := len(want) == in.Limit; page.NextCursor != "" && !full {
		r.Fatalf("%s reads the log by %+v: %d rows and a cursor", p.Subject, in, len(got))
	}
	if page.NextCursor != "" {
		r.marks = append(r.marks, logMark{page.NextCursor, want[len(want)-1]})
	}
}
