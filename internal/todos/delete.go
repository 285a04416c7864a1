package todos

import (
	"context"
	"sync/atomic"

	"todomanager/internal/audit"
)

// DeleteInput is what delete-todo takes.
type DeleteInput struct {
	ID string // any text; what is no id of ours is simply not found
}

// Delete removes a todo and returns it. The decision rests on the row as it is in the
// transaction that deletes it. Every refusal is [ErrNotDeleted]; the audit row alone
// tells them apart.
func (s *Service) Delete(ctx context.Context, call audit.Call, in DeleteInput) (_ Todo, err error) {
	defer s.rescue(ctx, call, ToolDelete, &err)
	if !IsID(in.ID) {
		return Todo{}, s.deny(ctx, call, ToolDelete, audit.ReasonNotFound, ErrNotDeleted)
	}

	var last atomic.Pointer[deletion] // atomic: see Store.Write on ErrOutcomeUnknown
	err = s.store.Write(ctx, func(tx Tx) error {
		d, err := deleteIn(tx, call, in.ID)
		last.Store(&d)
		return err
	})
	d := last.Load()
	if d != nil && d.reason != "" && !d.allowed {
		s.reportUnrecorded(ctx, ToolDelete, d.reason, err)
		return Todo{}, ErrNotDeleted
	}
	if err := s.settle(ctx, call, ToolDelete, err); err != nil {
		return Todo{}, err
	}
	return d.todo, nil
}

// deletion is what a transaction came to: the zero value if it did not get to decide.
type deletion struct {
	decision
	todo Todo
}

// deleteIn decides, deletes if that is allowed, and records either way.
func deleteIn(tx Tx, call audit.Call, id string) (deletion, error) {
	event := audit.Event{TargetID: id}
	owner := ownerOf(call.Principal)
	todo, found, err := tx.ByID(owner.Issuer, owner.Tenant, id)
	if err != nil {
		return deletion{}, err
	}
	d := denied(audit.ReasonNotFound)
	if found {
		owner.Subject = todo.OwnerID
		d = mayDelete(call.Principal, todo.OwnerID)
		if todo.OwnerID != call.Principal.Subject {
			event.TargetSubject = todo.OwnerID
		}
		if d.allowed {
			if err := tx.Delete(owner, todo); err != nil {
				return deletion{}, err
			}
		}
	}
	return deletion{d, todo}, tx.Record(d.event(call, ToolDelete, event))
}
