package sqlite

import (
	"cmp"
	"context"
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
var errPage = errors.New("SQLite's JSON of a page is not an array of one value for each todo")

// ownPage returns a page of a person's todos.
func ownPage(ctx context.Context, q *sqlitedb.Queries, who todos.Owner, from todos.Position, limit int) ([]todos.Todo, error) {
	row, err := q.TodosOfOwner(ctx, sqlitedb.TodosOfOwnerParams{
		Issuer: who.Issuer, Tenant: who.Tenant, Subject: who.Subject, AfterTime: after(from), AfterID: from.ID, MaxRows: int64(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list todos: %w", err)
	}
	return pageOf(row.Number, row.Ids, row.Contents, row.Times, func() string { return who.Subject })
}

// tenantPage returns a page of all todos of a person's tenant.
func tenantPage(ctx context.Context, q *sqlitedb.Queries, who todos.Owner, from todos.Position, limit int) ([]todos.Todo, error) {
	row, err := q.TodosOfTenant(ctx, sqlitedb.TodosOfTenantParams{
		Issuer: who.Issuer, Tenant: who.Tenant, AfterTime: after(from), AfterID: from.ID, MaxRows: int64(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list todos: %w", err)
	}
	subjects := column{rest: row.Subjects}
	page, err := pageOf(row.Number, row.Ids, row.Contents, row.Times, subjects.text)
	if err := cmp.Or(err, subjects.close()); err != nil {
		return nil, err
	}
	return page, nil
}

// after is the time half of a keyset position. The start of a list lies before every
// time, also those before 1970 that a wrong clock may have written.
func after(p todos.Position) int64 {
	if p.ID == "" {
		return -1 << 62
	}
	return p.CreatedAt.UnixMilli()
}

// pageOf puts a page together from a JSON array for each column. The owners come one after
// the other.
func pageOf(number int64, ids, contents, times string, owner func() string) ([]todos.Todo, error) {
	list := make([]todos.Todo, number)
	id, content, createdAt := column{rest: ids}, column{rest: contents}, column{rest: times}
	for i := range list {
		list[i] = todos.Todo{ID: id.text(), Content: content.text(), OwnerID: owner(), CreatedAt: createdAt.time()}
	}
	if err := cmp.Or(id.close(), content.close(), createdAt.close()); err != nil {
		return nil, err
	}
	return list, nil
}

// column takes a JSON array apart, value by value from its start. SQLite writes no white
// space, and this reader wants none. After an error it does nothing more.
type column struct {
	rest  string
	begun bool
	err   error
}

// next takes what stands before a value.
func (c *column) next() {
	before := byte('[')
	if c.begun {
		before = ','
	}
	c.begun = true
	c.skip(before)
}

func (c *column) skip(b byte) {
	switch {
	case c.err != nil:
	case c.rest == "" || c.rest[0] != b:
		c.err = errPage
	default:
		c.rest = c.rest[1:]
	}
}

// text takes a string. Most have no escapes and are not copied.
func (c *column) text() string {
	c.next()
	c.skip('"')
	if c.err != nil {
		return ""
	}
	end := strings.IndexByte(c.rest, '"')
	if end < 0 {
		c.err = errPage
		return ""
	}
	text := c.rest[:end]
	if strings.IndexByte(text, '\\') >= 0 {
		return c.escaped()
	}
	c.rest = c.rest[end+1:]
	return text
}

// escaped takes a string that has escapes, from behind its first quote.
func (c *column) escaped() string {
	end := 0
	for end < len(c.rest) && c.rest[end] != '"' {
		if c.rest[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(c.rest) {
		c.err = errPage
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, `"`+c.rest[:end+1])
	if err != nil {
		c.err = fmt.Errorf("%w: %w", errPage, err)
	}
	c.rest = c.rest[end+1:]
	return string(text)
}

// time takes milliseconds since 1970.
func (c *column) time() time.Time {
	c.next()
	if c.err != nil {
		return time.Time{}
	}
	end := 0
	for end < len(c.rest) && c.rest[end] != ',' && c.rest[end] != ']' {
		end++
	}
	ms, err := strconv.ParseInt(c.rest[:end], 10, 64)
	if err != nil {
		c.err = errPage
	}
	c.rest = c.rest[end:]
	return time.UnixMilli(ms).UTC()
}

// close returns the error of the column, which must have no more values.
func (c *column) close() error {
	if !c.begun {
		c.skip('[')
	}
	c.skip(']')
	if c.err == nil && c.rest != "" {
		c.err = errPage
	}
	if c.err != nil {
		return fmt.Errorf("list todos: %w", c.err)
	}
	return nil
}
