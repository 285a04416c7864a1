package todos

import (
	"context"

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

	var todo Todo
	var d decision
	err = s.store.Write(ctx, func(tx Tx) (err error) {
		todo, d, err = deleteIn(tx, call, in.ID)
		return err
	})
	if d.reason != "" && !d.allowed {
		if err != nil {
			s.denialRecorded(ctx, ToolDelete, d.reason, err)
		}
		return Todo{}, ErrNotDeleted
	}
	if err := s.settle(ctx, call, ToolDelete, err); err != nil {
		return Todo{}, err
	}
	return todo, nil
}

// deleteIn decides, deletes if that is allowed, and records either way.
func deleteIn(tx Tx, call audit.Call, id string) (Todo, decision, error) {
	event := audit.Event{TargetID: id}
	owner := ownerOf(call.Principal)
	todo, found, err := tx.ByID(owner.Issuer, owner.Tenant, id)
	if err != nil {
		return Todo{}, decision{}, err
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
				return Todo{}, decision{}, err
			}
		}
	}
	return todo, d, tx.Record(d.event(call, ToolDelete, event))
}
