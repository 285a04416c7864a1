package todos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"todomanager/internal/audit"
)

// The names of the tools and the prompt, as clients call them and as the audit log shows them.
const (
	ToolCreate = "create-todo"
	ToolList   = "get-todos"
	ToolDelete = "delete-todo"
	ToolAudit  = "get-audit-log"
	PromptPlan = "plan-my-day"
)

// Names returns every value of the audit log's tool column for calls.
func Names() []string {
	return []string{ToolCreate, ToolList, ToolDelete, ToolAudit, PromptPlan, audit.UnknownTool}
}

// Options configure a [Service].
type Options struct {
	Store  Store
	Logger *slog.Logger
	NewID  func() string // nil: those of NewIDs

	MaxTodos   int64 // how many one person may have; 0: no limit
	MaxContent int   // characters of a todo's content; 0: DefaultMaxContent

	// Recorded, if set, is told of each call once its row is durable. It must not block.
	Recorded func(ctx context.Context, e audit.Event)
}

// Service carries out the tools. It is safe for concurrent use.
type Service struct {
	store  Store
	logger *slog.Logger
	newID  func() string

	maxTodos   int64
	maxContent int

	recorded func(context.Context, audit.Event)

	lost *lost // the same for all services of [Service.Limited]
}

// lost are the refusals without a row.
type lost struct {
	total atomic.Int64
	tell  rate.Sometimes // of them: a broken disk must not fill another with log lines
}

// NewService refuses to build a service without a store: there is no unrecorded mode.
func NewService(o Options) (*Service, error) {
	if o.Store == nil || o.Logger == nil {
		return nil, errors.New("todos: a service needs a store and a logger")
	}
	s := &Service{
		store: o.Store, logger: o.Logger, newID: o.NewID, maxTodos: o.MaxTodos, maxContent: cmp.Or(o.MaxContent, DefaultMaxContent),
		lost: &lost{tell: rate.Sometimes{First: 3, Interval: time.Second}},
	}
	if s.newID == nil {
		s.newID = NewIDs().Next
	}
	if s.recorded = o.Recorded; s.recorded == nil {
		s.recorded = func(context.Context, audit.Event) {}
	}
	return s, nil
}

// Limited returns s with other limits, those of [Options].
func (s *Service) Limited(maxTodos int64, maxContent int) *Service {
	limited := *s
	limited.maxTodos, limited.maxContent = maxTodos, cmp.Or(maxContent, DefaultMaxContent)
	return &limited
}

// outcome is what a call comes to: a decision, and what the row and the caller are told.
type outcome struct {
	decision
	event audit.Event // target and count
	cause error       // what the caller of a denied call hears; nil if allowed
}

func refused(reason audit.Reason, cause error) outcome {
	return outcome{decision: denied(reason), cause: cause}
}

// run is the one way of a call through its transaction: are they blocked, is the call
// refused already (known), what does fn decide and do; then the row of that, and commit.
//
// A denied call stays denied when its row cannot be written, because granting it is the
// only thing that would be worse.
func (s *Service) run(ctx context.Context, call audit.Call, tool string, known outcome, fn func(Tx) (outcome, error)) error {
	var last atomic.Pointer[outcome] // atomic: see Store.Write on ErrOutcomeUnknown
	err := s.store.Write(ctx, func(tx Tx) error {
		o, err := decide(tx, call, known, fn)
		if err != nil {
			return err
		}
		o.event = o.decision.event(call, tool, o.event)
		last.Store(&o)
		return tx.Record(o.event)
	})
	o := last.Load()
	if err == nil {
		s.recorded(ctx, o.event)
	}
	if o == nil {
		o = &known
	}
	if o.cause != nil {
		s.reportUnrecorded(ctx, tool, o.reason, err)
		return o.cause
	}
	return s.settle(ctx, call, tool, err)
}

func decide(tx Tx, call audit.Call, known outcome, fn func(Tx) (outcome, error)) (outcome, error) {
	blocked, err := tx.Blocked(ownerOf(call.Principal))
	switch {
	case err != nil:
		return outcome{}, err
	case blocked:
		return refused(audit.ReasonBlockedUser, ErrBlocked), nil
	case known.cause == nil:
		return fn(tx)
	}
	return known, nil
}

// Refuse records a call that never reached one of the methods below: an unknown tool,
// arguments that could not be decoded, a door that panicked. Tool is the tool's name or
// [audit.UnknownTool]. It returns [ErrBlocked] if that is why the call is refused, else
// nil.
func (s *Service) Refuse(ctx context.Context, call audit.Call, tool string, reason audit.Reason) (err error) {
	defer func() { // it is called where a panic has just been caught
		if v := recover(); v != nil {
			s.reportUnrecorded(ctx, tool, reason, fmt.Errorf("panic: %v", v))
		}
	}()
	if err := s.deny(ctx, call, tool, reason, errRefused); errors.Is(err, ErrBlocked) {
		return ErrBlocked
	}
	return nil
}

var errRefused = errors.New("refused by the door")

// deny records a refusal and returns its cause, or ErrBlocked.
func (s *Service) deny(ctx context.Context, call audit.Call, tool string, reason audit.Reason, cause error) error {
	return s.run(ctx, call, tool, refused(reason, cause), nil)
}

// Unrecorded returns how many refusals have no row since the start.
func (s *Service) Unrecorded() int64 { return s.lost.total.Load() }

// reportUnrecorded tells the operator of a refusal whose row could not be written.
func (s *Service) reportUnrecorded(ctx context.Context, tool string, reason audit.Reason, err error) {
	if err == nil {
		return
	}
	total := s.lost.total.Add(1)
	s.lost.tell.Do(func() {
		s.logger.ErrorContext(ctx, "a refused call has no audit row; look at the database and its disk",
			"tool", tool, "reason", reason, "unrecorded_since_start", total, "err", err)
	})
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
