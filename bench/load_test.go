package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"
)

// TestFailures: callers may fail at the same time, each in its own way.
func TestFailures(t *testing.T) {
	callers := []*caller{new(caller), {turn: 1}}
	var both sync.WaitGroup
	both.Add(len(callers))
	fail := func(c *caller) (int, error) {
		both.Done()
		both.Wait()
		if c.turn == 0 {
			return 1, io.EOF
		}
		return 1, &os.PathError{Op: "read", Path: "socket", Err: io.ErrUnexpectedEOF}
	}
	m, err := run(callers, fail, time.Minute)
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want one of the callers'", err)
	}
	if m.requests != 2 {
		t.Errorf("%d requests", m.requests)
	}
}
