package todos

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"todomanager/internal/audit"
)

// MaxContent is the longest content of a todo, in characters (Unicode code points).
const MaxContent = 4000

// CreateInput is what create-todo takes.
type CreateInput struct {
	Content string // 1 to MaxContent characters of UTF-8 without NUL
}

func (in CreateInput) validate() error {
	length := utf8.RuneCountInString(in.Content)
	switch {
	case length == 0:
		return &InvalidError{"content", "must not be empty"}
	case length > MaxContent:
		return &InvalidError{"content", fmt.Sprintf("must have at most %d characters", MaxContent)}
	case !utf8.ValidString(in.Content):
		return &InvalidError{"content", "must be valid UTF-8"}
	case strings.ContainsRune(in.Content, 0):
		return &InvalidError{"content", "must not contain NUL"}
	}
	return nil
}

// Create adds a todo for the caller, who needs [ScopeCreate].
func (s *Service) Create(ctx context.Context, call audit.Call, in CreateInput) (_ Todo, err error) {
	defer s.rescue(ctx, call, ToolCreate, &err)
	var known outcome
	d := mayCreate(call.Principal)
	if err := in.validate(); err != nil {
		known = refused(audit.ReasonInvalidArguments, err)
	} else if !d.allowed {
		known = refused(d.reason, &MissingScopeError{ScopeCreate})
	}
	todo := Todo{ID: s.newID(), Content: in.Content, OwnerID: call.Principal.Subject}
	err = s.run(ctx, call, ToolCreate, known, func(tx Tx) (outcome, error) {
		if tx.StorageLow() {
			return refused(audit.ReasonStorageLow, ErrStorageLow), nil
		}
		todo.CreatedAt = tx.Now()
		return outcome{decision: d, event: audit.Event{TargetID: todo.ID}}, tx.Insert(ownerOf(call.Principal), todo)
	})
	if err != nil {
		return Todo{}, err
	}
	return todo, nil
}
