package sqlite

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"todomanager/internal/store/sqlite/internal/sqlitedb"
	"todomanager/internal/todos"
)

// errPage means that SQLite's JSON is not of the form that the query gives it.
var errPage = errors.New("a page of todos is not an array of subject, id, content and time")

// pageOf returns the page of todos that a query returned as JSON:
//
//	[["subject","id","content",1800000000000],…]
//
// SQLite writes no white space, and this reader wants none.
func pageOf(row sqlitedb.TodosOfOwnerRow, err error) ([]todos.Todo, error) {
	if err != nil {
		return nil, fmt.Errorf("list todos: %w", err)
	}
	list := make([]todos.Todo, row.Number)
	p := pageReader{rest: row.List}
	p.skip("[")
	for i := range list {
		if i > 0 {
			p.skip(",")
		}
		p.skip("[")
		list[i].OwnerID = p.text()
		list[i].ID = p.text()
		list[i].Content = p.text()
		list[i].CreatedAt = p.time()
	}
	p.skip("]")
	if p.err == nil && p.rest != "" {
		p.err = errPage
	}
	if p.err != nil {
		return nil, fmt.Errorf("list todos: %w", p.err)
	}
	return list, nil
}

// pageReader takes a page apart from its start. After an error it does nothing more.
type pageReader struct {
	rest string
	err  error
}

func (p *pageReader) skip(token string) {
	rest, ok := strings.CutPrefix(p.rest, token)
	if !ok {
		p.err = errPage
	}
	p.rest = rest
}

// text takes a string and the comma after it. Most have no escapes and are not copied.
func (p *pageReader) text() string {
	p.skip(`"`)
	end := strings.IndexByte(p.rest, '"')
	if end < 0 || p.err != nil {
		p.err = errPage
		return ""
	}
	text := p.rest[:end]
	if strings.IndexByte(text, '\\') < 0 {
		p.rest = p.rest[end+1:]
		p.skip(",")
		return text
	}
	return p.escaped()
}

// escaped takes a string that has escapes, from behind its first quote.
func (p *pageReader) escaped() string {
	end := 0
	for end < len(p.rest) && p.rest[end] != '"' {
		if p.rest[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.rest) {
		p.err = errPage
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, `"`+p.rest[:end+1])
	if err != nil {
		p.err = fmt.Errorf("%w: %w", errPage, err)
	}
	p.rest = p.rest[end+1:]
	p.skip(",")
	return string(text)
}

// time takes milliseconds since 1970 and the end of the todo.
func (p *pageReader) time() time.Time {
	digits, rest, ok := strings.Cut(p.rest, "]")
	ms, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		p.err = errPage
	}
	p.rest = rest
	return time.UnixMilli(ms).UTC()
}
