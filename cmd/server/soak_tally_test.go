package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"todomanager/internal/todos"
)

// tally counts answers, and how long they took.
type tally struct {
	mu      sync.Mutex
	kinds   map[string]int // of answer
	rows    map[string]int // of the audit log that the answers promise
	unheard int            // calls without an answer, which may have a row
	took    map[string][]time.Duration
}

// add notes an answer. took is 0 for one that a client was slow to read.
func (l *tally) add(tool, kind string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kinds == nil {
		l.kinds, l.rows, l.took = make(map[string]int), make(map[string]int), make(map[string][]time.Duration)
	}
	l.kinds[kind]++
	if took > 0 && kind != "no answer" {
		l.took[tool] = append(l.took[tool], took)
	}
	if tool != todos.ToolCreate && tool != todos.ToolList && tool != todos.ToolDelete {
		tool = "unknown"
	}
	switch kind {
	case "no answer":
		l.unheard++
	case "ok":
		l.rows[tool+" allow ok"]++
	case "403":
		l.rows[tool+" deny missing_scope"]++
	case "Failed to delete todo":
		l.rows[tool+" deny not_deleted"]++
	case "invalid_arguments":
		l.rows[tool+" deny invalid_arguments"]++
	case "error: unknown tool":
		l.rows[tool+" deny unknown_tool"]++
	case "blocked":
		l.rows[tool+" deny blocked_user"]++
	}
}

// check compares the rows of the log with those that the answers promise. A call without
// an answer has one or none.
func (l *tally) check(t *testing.T, rows map[string]int) {
	t.Helper()
	got := make(map[string]int)
	for key, n := range rows {
		if reason := key[strings.LastIndexByte(key, ' ')+1:]; reason == "not_owner" || reason == "not_found" {
			key = strings.TrimSuffix(key, reason) + "not_deleted"
		}
		got[key] += n
	}
	surplus := 0
	for key := range maps.Keys(got) {
		if l.rows[key] == 0 && got[key] > l.unheard {
			t.Errorf("%d rows say %q, which no answer did", got[key], key)
		}
		surplus += got[key]
	}
	for key, promised := range l.rows {
		surplus -= promised
		if got[key] < promised {
			t.Errorf("%d answers say %q, and %d rows", promised, key, got[key])
		}
	}
	if surplus < 0 || surplus > l.unheard {
		t.Errorf("%d rows more than answers, but %d calls without an answer", surplus, l.unheard)
	}
}

func (l *tally) table() string {
	var b strings.Builder
	total := 0
	for _, n := range l.kinds {
		total += n
	}
	fmt.Fprintf(&b, "%d answers:", total)
	for _, kind := range slices.SortedFunc(maps.Keys(l.kinds), func(a, b string) int { return cmp.Compare(l.kinds[b], l.kinds[a]) }) {
		fmt.Fprintf(&b, " %s %d,", kind, l.kinds[kind])
	}
	b.WriteString("\n\ncall             number     p50     p99     max\n")
	for _, tool := range slices.Sorted(maps.Keys(l.took)) {
		took := slices.Sorted(slices.Values(l.took[tool]))
		at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(100 * time.Microsecond) }
		fmt.Fprintf(&b, "%-14s %8d %7v %7v %7v\n", tool, len(took), at(0.5), at(0.99), at(1))
	}
	return b.String()
}
