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

// pageOf returns the page that a query asks for. It is read at once if no todo of it is so long that
// a page of such would have more than twice of.MaxBytes; else it is read anew, as far as it fits.
func pageOf(ctx context.Context, q *sqlitedb.Queries, of todos.Query) ([]todos.Todo, error) {
	page, size := ownPage, ownBytes
	if of.WholeTenant {
		page, size = tenantPage, tenantBytes
	}
	longest := int64(anyLength)
	if of.MaxBytes > 0 {
		longest = max(1, 2*of.MaxBytes/int64(max(1, of.Limit)))
	}
	list, whole, err := page(ctx, q, of, of.Limit, longest)
	for err == nil && !whole {
		var limit int
		limit, err = fitting(of.Limit, of.MaxBytes, func(n int) (int64, error) { return size(ctx, q, of, n) })
		if err == nil {
			list, _, err = page(ctx, q, of, limit, anyLength)
		}
		// Between the two statements some may have been deleted, so that more would fit now.
		whole = limit == of.Limit || len(list) < limit || contentOf(list) > of.MaxBytes
	}
	return list, err
}

// anyLength is longer than a content can be.
const anyLength = 1 << 62

// ownPage returns the first todos of a person that a query asks for, and whether it has the contents of
// all: those that have more than so many bytes are left out.
func ownPage(ctx context.Context, q *sqlitedb.Queries, of todos.Query, limit int, longest int64) (list []todos.Todo, whole bool, err error) {
	row, err := q.TodosOfOwner(ctx, sqlitedb.TodosOfOwnerParams{
		Issuer: of.Owner.Issuer, Tenant: of.Owner.Tenant, Subject: of.Owner.Subject, AfterTime: after(of.After), AfterID: of.After.ID,
		MaxRows: int64(limit), MaxContent: longest,
	})
	if err != nil {
		return nil, false, fmt.Errorf("list todos: %w", err)
	}
	return rowsOf(row.Number, row.Ids, row.Contents, row.Times, func() string { return of.Owner.Subject })
}

// tenantPage is ownPage for all todos of a person's tenant.
func tenantPage(ctx context.Context, q *sqlitedb.Queries, of todos.Query, limit int, longest int64) (list []todos.Todo, whole bool, err error) {
	row, err := q.TodosOfTenant(ctx, sqlitedb.TodosOfTenantParams{
		Issuer: of.Owner.Issuer, Tenant: of.Owner.Tenant, AfterTime: after(of.After), AfterID: of.After.ID,
		MaxRows: int64(limit), MaxContent: longest,
	})
	if err != nil {
		return nil, false, fmt.Errorf("list todos: %w", err)
	}
	subjects := column{rest: row.Subjects}
	list, whole, err = rowsOf(row.Number, row.Ids, row.Contents, row.Times, subjects.text)
	return list, whole, cmp.Or(err, subjects.close())
}

// ownBytes and tenantBytes return what the contents of such a page take.
func ownBytes(ctx context.Context, q *sqlitedb.Queries, of todos.Query, limit int) (int64, error) {
	n, err := q.BytesOfOwner(ctx, sqlitedb.BytesOfOwnerParams{
		Issuer: of.Owner.Issuer, Tenant: of.Owner.Tenant, Subject: of.Owner.Subject, AfterTime: after(of.After), AfterID: of.After.ID, MaxRows: int64(limit),
	})
	return n, classify("list todos", err)
}

func tenantBytes(ctx context.Context, q *sqlitedb.Queries, of todos.Query, limit int) (int64, error) {
	n, err := q.BytesOfTenant(ctx, sqlitedb.BytesOfTenantParams{
		Issuer: of.Owner.Issuer, Tenant: of.Owner.Tenant, AfterTime: after(of.After), AfterID: of.After.ID, MaxRows: int64(limit),
	})
	return n, classify("list todos", err)
}

// fitting returns how many of limit todos to read, where size returns how many bytes the first n have:
// all if that is at most 2*most, else a number that has more than most, and not more than 2*most unless
// the last one alone makes it so.
func fitting(limit int, most int64, size func(n int) (int64, error)) (int, error) {
	fit := 0 // so many have no more than most
	for n := limit; ; n = (fit + limit) / 2 {
		bytes, err := size(n)
		switch {
		case err != nil:
			return 0, err
		case bytes > most && bytes <= 2*most, bytes <= most && n == limit:
			return n, nil
		case bytes > most:
			limit = n
		default:
			fit = n
		}
		if limit-fit <= 1 {
			return limit, nil
		}
	}
}

func contentOf(list []todos.Todo) (bytes int64) {
	for i := range list {
		bytes += int64(len(list[i].Content))
	}
	return bytes
}

// after is the time half of a keyset position. The start of a list lies before every
// time, also those before 1970 that a wrong clock may have written.
func after(p todos.Position) int64 {
	if p.ID == "" {
		return -1 << 62
	}
	return p.CreatedAt.UnixMilli()
}

// rowsOf puts a page together from a JSON array for each column, and reports whether all contents are
// there. The owners come one after the other.
func rowsOf(number int64, ids, contents, times string, owner func() string) (list []todos.Todo, whole bool, err error) {
	list, whole = make([]todos.Todo, number), true
	id, content, createdAt := column{rest: ids}, column{rest: contents}, column{rest: times}
	for i := range list {
		text, there := content.optional()
		whole = whole && there
		list[i] = todos.Todo{ID: id.text(), Content: text, OwnerID: owner(), CreatedAt: createdAt.time()}
	}
	return list, whole, cmp.Or(id.close(), content.close(), createdAt.close())
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

// text takes a string.
func (c *column) text() string {
	c.next()
	return c.quoted()
}

// optional takes a string, or null.
func (c *column) optional() (text string, there bool) {
	c.next()
	if rest, null := strings.CutPrefix(c.rest, "null"); null && c.err == nil {
		c.rest = rest
		return "", false
	}
	return c.quoted(), true
}

// quoted takes a string. Most have no escapes and are not copied.
func (c *column) quoted() string {
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
