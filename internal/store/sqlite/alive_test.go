package sqlite_test

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestAlive: a writer that hangs is not alive, however the asker is turned away; one that
// fails is.
func TestAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f, path := openFaulty(t)
		alive := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			return s.Alive(ctx)
		}
		if err := alive(); err != nil {
			t.Errorf("at the start: %v", err)
		}
		stuck := make(chan struct{})
		go func() { _ = s.Write(t.Context(), func(todos.Tx) error { <-stuck; return nil }) }()
		synctest.Wait()
		if err := alive(); err == nil {
			t.Error("a writer that hangs is alive")
		}
		for range sqlite.QueueLimit {
			go func() { _ = s.Write(t.Context(), func(todos.Tx) error { return nil }) }()
		}
		synctest.Wait()
		if err := alive(); err == nil {
			t.Error("a writer that hangs behind a full queue is alive")
		}
		go func() { <-time.After(30 * time.Second); close(stuck) }()
		if err := alive(); err != nil {
			t.Errorf("goes on while it is asked: %v", err)
		}
		f.set(func(string, rawExec) error { return errDisk })
		if err := alive(); err != nil {
			t.Errorf("a disk that fails: %v", err)
		}
		f.set(nil)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := alive(); err != nil {
			t.Errorf("a database that was removed: %v", err)
		}
	})
}
