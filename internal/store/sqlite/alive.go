package sqlite

import (
	"context"
	"fmt"
	"time"

	"todomanager/internal/todos"
)

// aliveAgain is how long Alive waits before it asks again a writer that turned it away.
const aliveAgain = 10 * time.Millisecond

// Alive reports whether the writer gets through with anything before ctx ends, be it an
// error: a full disk is no reason to start the program again, a writer that hangs is.
func (s *Store) Alive(ctx context.Context) error {
	before := s.writer.ended.Load()
	for {
		asked := make(chan error, 1)
		go func() { asked <- s.Write(ctx, func(todos.Tx) error { return nil }) }() // ends within writeDeadline
		var err error
		select {
		case err = <-asked:
		case <-ctx.Done():
			err = ctx.Err()
		}
		if s.writer.ended.Load() != before {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the writer has ended no transaction: %w", err)
		}
		select { // there are too many in front, whom it may be about to serve
		case <-time.After(aliveAgain):
		case <-ctx.Done():
		}
	}
}
