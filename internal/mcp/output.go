package mcp

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"todomanager/internal/todos"
)

// output is what a tool returns. It appends its own compact JSON, with <, > and & as they
// are. That fails for text that is not UTF-8.
type output interface {
	appendJSON([]byte) ([]byte, error)
}

// todoOut is a todo as clients see it. It is put together by hand: a page has up to 500,
// and reflection takes several times as long.
type todoOut todos.Todo

func (t todoOut) appendJSON(b []byte) ([]byte, error) {
	b, errID := jsontext.AppendQuote(append(b, `{"id":`...), t.ID)
	b, errContent := jsontext.AppendQuote(append(b, `,"content":`...), t.Content)
	b, errOwner := jsontext.AppendQuote(append(b, `,"ownerId":`...), t.OwnerID)
	if err := cmp.Or(errID, errContent, errOwner); err != nil {
		return nil, fmt.Errorf("todo %q: %w", t.ID, err)
	}
	b = appendTime(append(b, `,"createdAt":"`...), t.CreatedAt)
	return append(b, `"}`...), nil
}

// pageOut is a page of a listing as clients see it. The last one has no nextCursor.
type pageOut todos.Page

func (p pageOut) appendJSON(b []byte) ([]byte, error) {
	b, err := todosOut(p.Todos).appendJSON(append(b, `{"todos":`...))
	if p.NextCursor != "" {
		b, _ = jsontext.AppendQuote(append(b, `,"nextCursor":`...), p.NextCursor) // base64
	}
	return append(b, '}'), err
}

type todosOut []todos.Todo

func (list todosOut) appendJSON(b []byte) (_ []byte, err error) {
	size := 2
	for _, t := range list {
		size += 90 + len(t.OwnerID) + len(t.Content) // and escapes, if there are any
	}
	b = append(slices.Grow(b, size), '[')
	for i, t := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = todoOut(t).appendJSON(b); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// deletedOut tells what is gone.
type deletedOut todos.Todo

func (t deletedOut) appendJSON(b []byte) ([]byte, error) {
	b, _ = jsontext.AppendQuote(append(b, `{"message":`...), "Todo "+t.ID+" deleted") // the next line sees a bad id
	b, err := todoOut(t).appendJSON(append(b, `,"details":`...))
	return append(b, '}'), err
}

// appendTime appends RFC 3339 in UTC with milliseconds. The time package is several times as
// fast with a form that it knows.
func appendTime(b []byte, t time.Time) []byte {
	b = t.UTC().AppendFormat(b, time.RFC3339)
	dot := len(b) - len("Z")
	b = strconv.AppendInt(b[:dot], 1000+int64(t.Nanosecond()/1e6), 10) // four digits, of which the first becomes the point
	b[dot] = '.'
	return append(b, 'Z')
}
