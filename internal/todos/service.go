package todos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"todomanager/internal/audit"
)

// The names of the tools, as clients call them and as the audit log shows them.
const (
	ToolCreate = "create-todo"
	ToolList   = "get-todos"
	ToolDelete = "delete-todo"
)

// Options configure a [Service].
type Options struct {
	Store  Store
	Logger *slog.Logger
	NewID  func() string // nil: the package's NewID
}

// Service carries out the tools. It is safe for concurrent use.
type Service struct {
	store  Store
	logger *slog.Logger
	newID  func() string
}

// NewService refuses to build a service without a store: there is no unrecorded mode.
func NewService(o Options) (*Service, error) {
	if o.Store == nil || o.Logger == nil {
		return nil, errors.New("todos: a service needs a store and a logger")
	}
	s := &Service{store: o.Store, logger: o.Logger, newID: o.NewID}
	if s.newID == nil {
		s.newID = NewID
	}
	return s, nil
}

// Refuse records a call that never reached one of the methods below: an unknown tool,
// arguments that could not be decoded, a door that panicked. Tool is the tool's name or
// [audit.UnknownTool].
func (s *Service) Refuse(ctx context.Context, call audit.Call, tool string, reason audit.Reason) {
	defer func() { // it is called where a panic has just been caught
		if v := recover(); v != nil {
			s.reportUnrecorded(ctx, tool, reason, fmt.Errorf("panic: %v", v))
		}
	}()
	err := s.store.Write(ctx, func(tx Tx) error {
		return tx.Record(audit.Event{Call: call, Tool: tool, Decision: audit.Deny, Reason: reason})
	})
	s.reportUnrecorded(ctx, tool, reason, err)
}

// deny records a refusal and returns cause: a denied call stays denied when its row
// cannot be written, because granting it is the only thing that would be worse.
func (s *Service) deny(ctx context.Context, call audit.Call, tool string, reason audit.Reason, cause error) error {
	s.Refuse(ctx, call, tool, reason)
	return cause
}

// reportUnrecorded tells the operator of a refusal whose row could not be written.
func (s *Service) reportUnrecorded(ctx context.Context, tool string, reason audit.Reason, err error) {
	if err != nil {
		s.logger.ErrorContext(ctx, "a refused call has no audit row; look at the database and its disk",
			"tool", tool, "reason", reason, "err", err)
	}
}

// rescue ends a method that panicked: with a row, and without ending the process. What
// panics inside a transaction never comes here, the store turns it into an error.
func (s *Service) rescue(ctx context.Context, call audit.Call, tool string, err *error) {
	if v := recover(); v != nil {
		s.logger.ErrorContext(ctx, "panic in a call", "tool", tool, "panic", v, "stack", string(debug.Stack()))
		*err = s.deny(ctx, call, tool, audit.ReasonInternalError, ErrInternal)
	}
}

// settle turns what a store says of a call's transaction into what the caller hears. A
// call that panicked has left no row yet, so it gets one here.
func (s *Service) settle(ctx context.Context, call audit.Call, tool string, err error) error {
	switch {
	case err == nil, errors.Is(err, ErrOverloaded): // the access log has its 503
		return err
	case errors.Is(err, ErrInternal):
		s.logger.ErrorContext(ctx, "a call failed inside its transaction", "tool", tool, "err", err)
		return s.deny(ctx, call, tool, audit.ReasonInternalError, ErrInternal)
	default:
		s.logger.ErrorContext(ctx, "a call could not be completed; look at the database and its disk", "tool", tool, "err", err)
		return err
	}
}
