package main

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"todomanager/internal/todos"
)

// TestLogOutputFails: a service outlasts what reads its log. Calls are answered and recorded
// though the reader of the pipe is gone or has stopped reading.
func TestLogOutputFails(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(t *testing.T, reader *os.File)
	}{
		{"reader gone", func(t *testing.T, reader *os.File) {
			if err := reader.Close(); err != nil {
				t.Fatal(err)
			}
		}},
		{"pipe full", func(*testing.T, *os.File) {}}, // nobody reads it
	} {
		t.Run(c.name, func(t *testing.T) {
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			defer writer.Close()
			s := newVictim(t)
			s.stderr = writer
			s.args = append(s.args, "--log-level", "debug")
			s.start()
			token := (&program{url: s.url}).token(t, "alice")
			c.fail(t, reader)
			const calls = 400 // more than a pipe holds the lines of
			for i := range calls {
				if _, ok := s.call(token, todos.ToolCreate, fmt.Sprintf(`{"content":"%d"}`, i), s.created); !ok {
					t.Fatalf("call %d has no answer", i)
				}
			}
			if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := s.process.Wait(); err != nil {
				t.Errorf("the server ended with %v", err)
			}
			s.check()
		})
	}
}
