package sqlite_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// BenchmarkWrite is a todo and its audit row, durable, by so many callers at a time.
func BenchmarkWrite(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "todos.db"), Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			ids := todos.NewIDs()
			b.SetParallelism(callers) // times GOMAXPROCS
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Write(b.Context(), create(ids.Next(), "buy milk")); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkList is a page of one's own todos.
func BenchmarkList(b *testing.B) {
	s, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "todos.db"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	who := todos.Owner{Issuer: alice.Issuer, Subject: "alice"}
	for i := range todos.MaxPage {
		content := fmt.Sprintf("buy milk, bread and some other things, number %d", i)
		if err := s.Write(b.Context(), func(tx todos.Tx) error {
			return tx.Insert(who, todos.Todo{ID: todos.NewIDs().Next(), Content: content, CreatedAt: tx.Now()})
		}); err != nil {
			b.Fatal(err)
		}
	}
	for _, limit := range []int{10, todos.MaxPage} {
		b.Run(fmt.Sprintf("todos=%d", limit), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if page, err := s.List(b.Context(), todos.Query{Owner: who, Limit: limit, MaxBytes: 256 << 10}); err != nil || len(page) != limit {
					b.Fatal(len(page), err)
				}
			}
		})
	}
}
