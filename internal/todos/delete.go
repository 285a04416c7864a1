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
// transaction that deletes it. Every refusal for want of a right to the todo is
// [ErrNotDeleted]; only the audit row tells them apart.
func (s *Service) Delete(ctx context.Context, call audit.Call, in DeleteInput) (_ Todo, err error) {
	defer s.rescue(ctx, call, ToolDelete, &err)
	var known outcome
	if !IsID(in.ID) {
		known = refused(audit.ReasonNotFound, ErrNotDeleted)
	}
	var todo Todo // not to be looked at after an error: see Store.Write
	err = s.run(ctx, call, ToolDelete, known, func(tx Tx) (o outcome, err error) {
		todo, o, err = deleteIn(tx, call, in.ID)
		return o, err
	})
	if err != nil {
		return Todo{}, err
	}
	return todo, nil
}

// deleteIn decides, and deletes if that is allowed.
func deleteIn(tx Tx, call audit.Call, id string) (Todo, outcome, error) {
	owner, event := ownerOf(call.Principal), audit.Event{TargetID: id}
	todo, found, err := tx.ByID(owner.Issuer, owner.Tenant, id)
	if err != nil {
		return Todo{}, outcome{}, err
	}
	if !found {
		return Todo{}, outcome{denied(audit.ReasonNotFound), event, ErrNotDeleted}, nil
	}
	if todo.OwnerID != call.Principal.Subject {
		event.TargetSubject = todo.OwnerID
	}
	d := mayDelete(call.Principal, todo.OwnerID)
	switch {
	case !d.allowed:
		return Todo{}, outcome{d, event, ErrNotDeleted}, nil
	case tx.StorageLow():
		return Todo{}, outcome{denied(audit.ReasonStorageLow), event, ErrStorageLow}, nil
	}
	owner.Subject = todo.OwnerID
	return todo, outcome{decision: d, event: event}, tx.Delete(owner, todo)
}
