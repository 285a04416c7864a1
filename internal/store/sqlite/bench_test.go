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
			b.SetParallelism(callers) // times GOMAXPROCS
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Write(b.Context(), create(todos.NewID(), "buy milk")); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
