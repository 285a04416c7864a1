package sqlite_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
)

// TestClockJumps: however the clock jumps, within a run and between two, the log does not go
// back in time, verifies, and the operator is told once.
func TestClockJumps(t *testing.T) {
	start := time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)
	var ahead atomic.Int64
	var text bytes.Buffer
	path := filepath.Join(t.TempDir(), "todos.db")
	o := sqlite.Options{
		Path: path, Logger: slog.New(slog.NewTextHandler(&text, nil)),
		Now: func() time.Time { return start.Add(time.Duration(ahead.Load())) },
	}
	n := 0
	for _, run := range [][]time.Duration{
		{0, time.Second, -time.Hour, -50 * 365 * 24 * time.Hour, 2 * time.Second},
		{-24 * time.Hour, 24 * time.Hour, 0, time.Minute},
		{0, 48 * time.Hour},
	} {
		s, err := sqlite.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, clock := range run {
			ahead.Store(int64(clock))
			if err := s.Write(t.Context(), create(id(n), "x")); err != nil {
				t.Errorf("clock at %v: %v", clock, err)
			}
			n++
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(text.String(), "the newest audit row is in the future"); got != 3 { // once a run
		t.Errorf("told %d times:\n%s", got, text.String())
	}
	log := openLog(t, path)
	var times []time.Duration
	if _, err := log.Each(t.Context(), audit.Filter{}, func(r audit.Row) error {
		times = append(times, r.OccurredAt.Sub(start))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	want := []time.Duration{0, time.Second, time.Second, time.Second, 2 * time.Second, 2 * time.Second, day, day, day, day, 2 * day}
	if len(times) != len(want) {
		t.Fatalf("%d rows, want %d", len(times), len(want))
	}
	for i := range want {
		if times[i] != want[i] {
			t.Errorf("row %d is of %v, want %v", i+1, times[i], want[i])
		}
	}
	if r, err := audit.Verify(t.Context(), log, audit.Evidence{}); err != nil || r.Fault != nil {
		t.Errorf("verify: %v, %v", r.Fault, err)
	}
}
