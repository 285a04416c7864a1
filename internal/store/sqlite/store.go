package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// Write runs fn in a savepoint of the next group's transaction and returns once that is
// on the disk; see [todos.Store]. It takes no notice of the end of ctx: a call that was
// begun is carried out and recorded whether or not its caller still listens. It returns
// within about five seconds.
func (s *Store) Write(_ context.Context, fn func(todos.Tx) error) error {
	return s.writer.write(fn)
}

// List reads a page of todos; see [todos.Store].
func (s *Store) List(ctx context.Context, q todos.Query) ([]todos.Todo, error) {
	if err := s.startReading(ctx); err != nil {
		return nil, err
	}
	defer s.doneReading()
	list, err := pageOf(ctx, s.queries, q)
	return list, s.writer.damaged(err)
}

// startReading waits for a reader connection, and then lets everybody else run who can. The
// next one that waits for a connection would run at once when this one is done, and its
// successor after it: a hundred pages would be read in a row before the scheduler looks for
// what came over the network meanwhile, and refusals, which cost nothing, would take longest.
func (s *Store) startReading(ctx context.Context) error {
	select {
	case s.reading <- struct{}{}:
		runtime.Gosched()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a reader: %w", ctx.Err())
	}
}

func (s *Store) doneReading() { <-s.reading }

// Ready returns nil if the writer can append an audit row, which is rolled back, and can
// durably change another row. It gives up when ctx ends.
func (s *Store) Ready(ctx context.Context) error {
	if s.writer.damage.Load() {
		return errDamaged
	}
	done := make(chan error, 1)
	go func() {
		err := s.Write(ctx, rehearse)
		if errors.Is(err, errRehearsed) {
			err = s.Write(ctx, func(t todos.Tx) error { return t.(*tx).probe() })
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the writer does not answer: %w", ctx.Err())
	}
}

// errRehearsed undoes a rehearsal that went well.
var errRehearsed = errors.New("rehearsed")

// rehearse appends a row that does not stay.
func rehearse(t todos.Tx) error {
	if err := t.Record(act(audit.AuditExport, todos.Owner{}, Archiving{})); err != nil {
		return err
	}
	return errRehearsed
}

// Waiting returns how many calls wait for the writer.
func (s *Store) Waiting() int { return len(s.writer.queue) }

// LogBytes returns the size of the write-ahead log.
func (s *Store) LogBytes() int64 {
	info, err := os.Stat(s.options.Path + "-wal")
	if err != nil {
		return 0
	}
	return info.Size()
}

// DiskFree returns an error while less than Options.MinFree is free.
func (s *Store) DiskFree(context.Context) error { return s.options.spaceLow() }
