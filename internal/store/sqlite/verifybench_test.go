package sqlite_test

import (
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// BenchmarkVerify checks a log of 20,000 rows from its first to its last, without
// signatures: those are a few for thousands of rows.
func BenchmarkVerify(b *testing.B) {
	const rows, writers = 20_000, 100
	path := filepath.Join(b.TempDir(), "todos.db")
	s, err := sqlite.Open(b.Context(), sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ids := todos.NewIDs()
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range rows / writers {
				if err := s.Write(b.Context(), create(ids.Next(), "buy milk")); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	log, err := sqlite.OpenAuditLog(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	b.ReportAllocs()
	for b.Loop() {
		report, err := audit.Verify(b.Context(), log, audit.Evidence{})
		if err != nil || report.Fault != nil || report.Rows != rows {
			b.Fatalf("%+v, %v", report, err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
