package main

import (
	"log/slog"
	"os"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// TestTuneCollector: Go gets its share of what the process may have, unless the operator
// says how much.
func TestTuneCollector(t *testing.T) {
	const limit = 100 << 20
	before, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetMemoryLimit(before); debug.SetGCPercent(percent) })
	t.Setenv("GOGC", "") // so that it is as before when the test ends
	t.Setenv("GOMEMLIMIT", "")
	os.Unsetenv("GOGC")
	os.Unsetenv("GOMEMLIMIT")

	tuneCollector(memlimit.Limit(limit), slog.New(slog.DiscardHandler))
	if got := debug.SetMemoryLimit(-1); got != 70<<20 {
		t.Errorf("the limit is %d, want seven tenths of %d", got, limit)
	}
	if got := debug.SetGCPercent(100); got != collectAt {
		t.Errorf("GOGC is %d, want %d", got, collectAt)
	}

	t.Setenv("GOGC", "50")
	t.Setenv("GOMEMLIMIT", "1GiB")
	debug.SetMemoryLimit(1 << 30) // as the runtime did when it saw that
	tuneCollector(memlimit.Limit(limit), slog.New(slog.DiscardHandler))
	if got := debug.SetMemoryLimit(-1); got != 1<<30 {
		t.Errorf("the operator's limit became %d", got)
	}
	if got := debug.SetGCPercent(percent); got != 100 {
		t.Errorf("the operator's GOGC became %d", got)
	}
}
