package todos

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"todomanager/internal/audit"
)

// Limits of a page of a listing, in todos.
const (
	DefaultPage = 200
	MaxPage     = 500
)

const (
	// pageBytes ends a page early when its contents are long, so that no call can ask for
	// an answer of many megabytes, or have the database read as much. It is more than one
	// content can have: else a page of one might pass for the last.
	pageBytes = 256 << 10
	// readDeadline bounds the reading of a page.
	readDeadline = 5 * time.Second
)

// ListInput is what get-todos takes.
type ListInput struct {
	Limit  int    // 1 to MaxPage
	Cursor string // from the Page before; empty for the first
}

// Page is part of a listing, oldest first by (CreatedAt, ID).
type Page struct {
	Todos      []Todo
	NextCursor string // empty on the last page
}

// List shows the caller's own todos, or with [ScopeRead] all of the tenant. The data is
// read first and discarded if the audit row cannot be written after it.
func (s *Service) List(ctx context.Context, call audit.Call, in ListInput) (_ Page, err error) {
	defer s.rescue(ctx, call, ToolList, &err)
	if in.Limit < 1 || in.Limit > MaxPage {
		problem := fmt.Sprintf("must be a whole number from 1 to %d", MaxPage)
		return Page{}, s.deny(ctx, call, ToolList, audit.ReasonInvalidArguments, &InvalidError{"limit", problem})
	}
	after, err := parseCursor(in.Cursor)
	if err != nil {
		return Page{}, s.deny(ctx, call, ToolList, audit.ReasonInvalidArguments, err)
	}

	d := mayList(call.Principal)
	return s.show(ctx, call, ToolList, d, Query{
		Owner: ownerOf(call.Principal), WholeTenant: d.basis == audit.BasisScope, After: after, Limit: in.Limit,
	})
}

// Plan shows the caller's own todos, the oldest [DefaultPage] of them, for a prompt that
// plans a day with them.
func (s *Service) Plan(ctx context.Context, call audit.Call) (_ Page, err error) {
	defer s.rescue(ctx, call, PromptPlan, &err)
	return s.show(ctx, call, PromptPlan, byOwnership(), Query{Owner: ownerOf(call.Principal), Limit: DefaultPage})
}

// show reads a page, records that it is shown, and returns it.
func (s *Service) show(ctx context.Context, call audit.Call, tool string, d decision, q Query) (Page, error) {
	limit := q.Limit
	q.Limit++ // one more tells whether there is a next page
	q.MaxBytes = pageBytes
	found, err := s.read(ctx, q)
	if err != nil {
		s.logger.ErrorContext(ctx, "a listing could not be read", "err", err)
		return Page{}, s.deny(ctx, call, tool, audit.ReasonInternalError, ErrInternal)
	}
	page := paged(found, limit)

	count := len(page.Todos)
	err = s.run(ctx, call, tool, outcome{}, func(Tx) (outcome, error) {
		return outcome{decision: d, event: audit.Event{ResultCount: &count}}, nil
	})
	if err != nil {
		return Page{}, err
	}
	return page, nil
}

// read reads a page whether or not the caller still listens: a call that was begun is
// carried out and recorded as what it was.
func (s *Service) read(ctx context.Context, q Query) ([]Todo, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readDeadline)
	defer cancel()
	return s.store.List(ctx, q)
}

// paged cuts what was read to a page of at most limit todos and pageBytes of content, as
// JSON has it, but at least one todo.
func paged(found []Todo, limit int) Page {
	n, size := 0, 0
	for n < min(len(found), limit) {
		if size += jsonBytes(found[n].Content); size > pageBytes && n > 0 {
			break
		}
		n++
	}
	if n == len(found) {
		return Page{Todos: found}
	}
	last := found[n-1]
	return Page{Todos: found[:n:n], NextCursor: cursorAt(Position{last.CreatedAt, last.ID})}
}

// jsonBytes returns what a text takes in JSON, where a control character takes six.
func jsonBytes(text string) int {
	n := len(text)
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ':
			n += 5
		case c == '"' || c == '\\':
			n++
		}
	}
	return n
}

// A cursor says where a page ended. It carries no right: what it can reach is decided
// anew on every call, so it needs no signature. The version lets its form change.
const cursorVersion = "1"

func cursorAt(p Position) string {
	return base64.RawURLEncoding.EncodeToString(
		[]byte(cursorVersion + ":" + strconv.FormatInt(p.CreatedAt.UnixMilli(), 10) + ":" + p.ID))
}

func parseCursor(cursor string) (Position, error) {
	if cursor == "" {
		return Position{}, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil && len(raw) <= 64 {
		version, rest, _ := strings.Cut(string(raw), ":")
		ms, id, _ := strings.Cut(rest, ":")
		at, err := strconv.ParseInt(ms, 10, 64)
		if version == cursorVersion && err == nil && IsID(id) {
			return Position{time.UnixMilli(at).UTC(), id}, nil
		}
	}
	return Position{}, &InvalidError{"cursor", "was not issued by this server; leave it out to start from the beginning"}
}
