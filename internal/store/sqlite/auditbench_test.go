package sqlite_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

var benchRows = flag.Int("rows", 20_000, "rows of the audit log that BenchmarkAuditLog works on; 10000000 for the long form")

// BenchmarkAuditLog measures what operators do on a long log of many people: the newest
// page by each filter, verification, statistics, and pruning half of the log beside a server that
// goes on writing.
func BenchmarkAuditLog(b *testing.B) {
	path := filepath.Join(b.TempDir(), "todos.db")
	s, err := sqlite.Open(b.Context(), sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	began := time.Now()
	middle := history(b, s, *benchRows)
	b.Logf("%d rows written in %v", *benchRows, time.Since(began).Round(time.Millisecond))
	log, err := sqlite.OpenAuditLog(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()

	n := *benchRows / 3 // somewhere in the log
	for _, list := range []struct {
		name   string
		filter audit.Filter
	}{
		{"newest", audit.Filter{}},
		{"time", audit.Filter{Until: middle}},
		{"subject", audit.Filter{Subject: subjectOf(n)}},
		{"nobody", audit.Filter{Subject: "nobody"}},
		{"target", audit.Filter{TargetID: targetOf(n)}},
		{"request", audit.Filter{RequestID: requestOf(n)}},
		{"reason", audit.Filter{Reason: audit.ReasonNotOwner}},
		{"absent", audit.Filter{Reason: audit.ReasonQuotaExceeded}},
	} {
		b.Run("list/"+list.name, func(b *testing.B) {
			f := list.filter
			f.Limit, f.ScanTime = 50, 10*time.Second
			stopped := false
			for b.Loop() {
				seen, err := log.Each(b.Context(), f, func(audit.Row) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
				stopped = seen.Stopped
			}
			if stopped {
				b.Log("stopped by ScanTime")
			}
		})
	}
	b.Run("verify", func(b *testing.B) {
		var rows int64
		for b.Loop() {
			r, err := audit.Verify(b.Context(), log, audit.Evidence{})
			if err != nil || r.Fault != nil {
				b.Fatal(err, r.Fault)
			}
			rows += r.Rows
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("stats", func(b *testing.B) {
		for b.Loop() {
			if _, err := log.Stats(b.Context(), audit.StatsQuery{Now: time.Now(), Top: 10}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(*benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("prune", func(b *testing.B) { benchmarkPrune(b, s, log, path) })
}

// benchmarkPrune prunes half of what there is, and reports how long a write took at most
// and at the 99th percentile meanwhile.
func benchmarkPrune(b *testing.B, s *sqlite.Store, log *sqlite.AuditLog, path string) {
	chain, err := log.Chain(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	cut := (chain.Base.Seq + chain.Head.Seq) / 2
	rows, err := log.Rows(b.Context(), cut-1, cut)
	if err != nil || len(rows) != 1 {
		b.Fatal(rows, err)
	}
	admin, err := sqlite.OpenAdmin(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer admin.Close()
	base := audit.Head{LogID: chain.Head.LogID, Seq: cut, Hash: rows[0].Hash}
	signer, _, err := audit.OpenSigner(path + ".audit-key")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := admin.MoveBase(base, signer.Base, sqlite.Archiving{FirstSeq: chain.Base.Seq + 1, LastSeq: cut}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		ctx, stop := context.WithCancel(b.Context())
		var took []time.Duration
		var writer sync.WaitGroup
		writer.Go(func() {
			pace := time.NewTicker(5 * time.Millisecond) // as people come, so that what is measured is waiting
			defer pace.Stop()
			for ctx.Err() == nil {
				began := time.Now()
				if err := s.Write(ctx, create(todos.NewIDs().Next(), "buy milk")); err != nil {
					b.Error(err)
				}
				took = append(took, time.Since(began))
				<-pace.C
			}
		})
		removed, err := admin.Prune(b.Context())
		stop()
		writer.Wait()
		if err != nil {
			b.Fatal(err)
		}
		slices.Sort(took)
		b.ReportMetric(float64(removed)/b.Elapsed().Seconds(), "rows/s")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-write-ms")
		b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-write-ms")
	}
}

func subjectOf(n int) string { return fmt.Sprintf("person-%d", n%20_000) }
func targetOf(n int) string  { return fmt.Sprintf("%013d", n) }
func requestOf(n int) string { return fmt.Sprintf("%020d", n) }

// history writes rows of 20,000 people and returns the time of the middle one.
func history(b *testing.B, s *sqlite.Store, rows int) (middle time.Time) {
	b.Helper()
	for n := 0; n < rows; {
		err := s.Write(b.Context(), func(tx todos.Tx) error {
			if n < rows/2 {
				middle = tx.Now()
			}
			for range min(1000, rows-n) {
				e := audit.Event{
					Call: audit.Call{Principal: auth.Principal{
						Issuer: alice.Issuer, Subject: subjectOf(n), ClientID: "client", TokenID: "token", TokenHash: [32]byte{1},
						Scopes: auth.Scopes{todos.ScopeCreate},
					}, RequestID: requestOf(n)},
					Tool: todos.ToolDelete, TargetID: targetOf(n), Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisOwner,
				}
				if n%1000 == 0 {
					e.Decision, e.Reason, e.Basis = audit.Deny, audit.ReasonNotOwner, audit.BasisNone
				}
				if err := tx.Record(e); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return middle
}
