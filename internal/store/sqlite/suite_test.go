package sqlite_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/store/storetest"
	"todomanager/internal/todos"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) storetest.Store {
		path := filepath.Join(t.TempDir(), "todos.db")
		return logged{open(t, sqlite.Options{Path: path, Now: now}), openLog(t, path), openAdmin(t, path)}
	})
}

// logged is a store together with its log, which another process would read.
type logged struct {
	*sqlite.Store
	log   *sqlite.AuditLog
	admin *sqlite.Admin
}

func (l logged) Each(ctx context.Context, f audit.Filter, yield func(audit.Row) error) error {
	_, err := l.log.Each(ctx, f, yield)
	return err
}

func (l logged) Erase(ctx context.Context, who todos.Owner) error {
	_, err := l.admin.Erase(ctx, who, sqlite.Operator{Name: "test"}, false)
	return err
}

// open opens a store and closes it when the test ends.
func open(t *testing.T, o sqlite.Options) *sqlite.Store {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openLog(t *testing.T, path string) *sqlite.AuditLog {
	t.Helper()
	log, err := sqlite.OpenAuditLog(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}
