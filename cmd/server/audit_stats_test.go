package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"todomanager/internal/audit"
)

// TestStatsText: bars are for terminals and no wider than they may be, and no name that
// somebody chose can pass for anything else.
func TestStatsText(t *testing.T) {
	name := func(s string) *string { return &s }
	s := &audit.Stats{
		Tools: []audit.ToolStats{{Tool: "get-todos", Outcomes: audit.Outcomes{Allowed: 1 << 40, Denied: 1}}},
		Days: []audit.DayStats{
			{Day: "2026-01-01", Outcomes: audit.Outcomes{Allowed: 1 << 40, Denied: 1}},
			{Day: "2026-01-02", Outcomes: audit.Outcomes{Denied: 1}},
			{Day: "2026-01-03"},
		},
		Denials: []audit.Count{{Event: audit.ToolCall, Reason: audit.ReasonNotOwner, Count: 2}},
		Subjects: []audit.UseStats{
			{Issuer: "i", Name: name("al\x1b[2Jice")}, {Issuer: "i", Name: name("(erased)")}, {Issuer: "i", Name: nil}, {Issuer: "i", Name: name("")},
		},
	}
	for _, bars := range []bool{false, true} {
		var out strings.Builder
		if err := printStats(&out, s, bars); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if got := strings.ContainsAny(text, "█░"); got != bars {
			t.Errorf("bars %v, want %v:\n%s", got, bars, text)
		}
		if strings.Contains(text, "\x1b") || strings.Count(text, "\n(erased)") != 1 || !strings.Contains(text, "\n\"(erased)\"") || !strings.Contains(text, "\n\"\"") {
			t.Errorf("names are not told apart:\n%s", text)
		}
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(line); n > 80 {
				t.Errorf("%d characters: %s", n, line)
			}
			if bars && strings.HasPrefix(line, "2026-01-02") && !strings.Contains(line, "░") {
				t.Errorf("nothing to be seen of one call: %s", line)
			}
			if strings.HasPrefix(line, "2026-01-03") && strings.ContainsAny(line, "█░") {
				t.Errorf("a bar for nothing: %s", line)
			}
		}
	}
}
