package todos_test

import (
	"context"
	"errors"
	"testing"

	"todomanager/internal/todos"
)

// late answers before the transaction it began has run, as a store does at its deadline.
type late struct {
	todos.Store
	done chan struct{}
}

func (l late) Write(ctx context.Context, fn func(todos.Tx) error) error {
	go func() {
		defer close(l.done)
		l.Store.Write(ctx, fn)
	}()
	return todos.ErrOutcomeUnknown
}

// TestLateTransaction: a transaction that runs on after its caller was told that its
// outcome is unknown shares nothing with that caller.
func TestLateTransaction(t *testing.T) {
	for _, a := range acts {
		e := newEnv(t, nil)
		hers := e.create(alice, "x")
		done := make(chan struct{})
		s, err := todos.NewService(todos.Options{Store: late{e.store, done}, Logger: discard()})
		if err != nil {
			t.Fatal(err)
		}
		e.Service = s
		if _, err := a.call(e, hers.ID); !errors.Is(err, todos.ErrOutcomeUnknown) {
			t.Errorf("%s: %v, want %v", a.name, err, todos.ErrOutcomeUnknown)
		}
		<-done
	}
}
