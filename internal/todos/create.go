package todos

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"todomanager/internal/audit"
)

// DefaultMaxContent is the longest content of a todo unless [Options] say otherwise, in
// characters (Unicode code points).
const DefaultMaxContent = 4000

// CreateInput is what create-todo takes.
type CreateInput struct {
	Content string // 1 to Options.MaxContent characters of UTF-8 without NUL
}

func (in CreateInput) validate(most int) error {
	length := utf8.RuneCountInString(in.Content)
	switch {
	case length == 0:
		return &InvalidError{"content", "must not be empty"}
	case length > most:
		return &InvalidError{"content", fmt.Sprintf("must have at most %d characters", most)}
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
	if err := in.validate(s.maxContent); err != nil {
		known = refused(audit.ReasonInvalidArguments, err)
	} else if !d.allowed {
		known = refused(d.reason, &MissingScopeError{ScopeCreate})
	}
	todo := Todo{ID: s.newID(), Content: in.Content, OwnerID: call.Principal.Subject}
	err = s.run(ctx, call, ToolCreate, known, func(tx Tx) (outcome, error) {
		owner := ownerOf(call.Principal)
		if o, err := s.room(tx, owner); err != nil || o.cause != nil {
			return o, err
		}
		todo.CreatedAt = tx.Now()
		return outcome{decision: d, event: audit.Event{TargetID: todo.ID}}, tx.Insert(owner, todo)
	})
	if err != nil {
		return Todo{}, err
	}
	return todo, nil
}

// room refuses a todo for which there is none: on the disk, or among what one person may
// have. What earlier calls of the same transaction did counts too, so no two of them can
// both take the last place.
func (s *Service) room(tx Tx, owner Owner) (outcome, error) {
	switch {
	case tx.StorageLow():
		return refused(audit.ReasonStorageLow, ErrStorageLow), nil
	case s.maxTodos == 0:
		return outcome{}, nil
	}
	if n, err := tx.Count(owner); err != nil || n < s.maxTodos {
		return outcome{}, err
	}
	return refused(audit.ReasonQuotaExceeded, ErrQuotaExceeded), nil
}
