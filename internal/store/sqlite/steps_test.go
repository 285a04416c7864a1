package sqlite_test

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// step names a statement, or the reading of one of its rows: the query's name as sqlc
// has it, or the text of a statement that has none.
func step(text string) string {
	name, row := strings.CutSuffix(text, nextRow)
	if m := namePattern.FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	if row {
		name += nextRow
	}
	return name
}

// kind is a way in which SQLite fails a statement.
type kind struct {
	name    string
	code    int
	dropped bool // it undoes the whole transaction, as it may on a full disk and on I/O errors
	done    bool // the statement was carried out, and the error came after that
	lasts   duration
}

// duration is how long a fault lasts.
type duration string

const (
	once    duration = "once"
	stays   duration = "stays"   // the statement fails from then on
	spreads duration = "spreads" // all statements do
)

// kinds are those that any statement may meet: each code for once and for longer, and
// each duration with and without the loss of the transaction. That is not every code with
// every duration, because the store looks at no code but those of a refused value and of a damaged file.
func kinds() []kind {
	list := []kind{
		{name: "I/O error, transaction gone", code: lib.SQLITE_IOERR, dropped: true, lasts: spreads},
		{name: "busy", code: lib.SQLITE_BUSY, lasts: once},
		{name: "busy", code: lib.SQLITE_BUSY, lasts: stays},
		{name: "full, transaction gone", code: lib.SQLITE_FULL, dropped: true, lasts: once},
		{name: "full, transaction gone", code: lib.SQLITE_FULL, dropped: true, lasts: stays},
		{name: "I/O error", code: lib.SQLITE_IOERR, lasts: once},
		{name: "corrupt", code: lib.SQLITE_CORRUPT, lasts: spreads},
	}
	if raced() {
		return list[:2]
	}
	return list
}

// raced reports whether the race detector is on. SQLite is fifteen times slower then,
// and what goroutines share does not depend on the code of an error.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// happen fails a statement this way.
func (k kind) happen(text string, raw rawExec) error {
	switch {
	case k.dropped:
		raw("ROLLBACK") // fails where there is no transaction, on readers and before BEGIN
	case k.done:
		if err := raw(text); err != nil {
			return err
		}
	}
	return fmt.Errorf("injected into %s: %w", step(text), sqliteError(k.code))
}

// sqliteError makes an error as SQLite's driver does, whose fields are its own.
func sqliteError(code int) error {
	e := new(driver.Error)
	field := reflect.ValueOf(e).Elem().FieldByName("code")
	reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem().SetInt(int64(code))
	return e
}

// plan lets statements through and notes them, up to the one that it fails.
type plan struct {
	mu   sync.Mutex
	from string // noting begins at this step; empty: at once
	seen []string
	at   int // index of the step to fail; -1: none
	kind
	reached bool
}

func (p *plan) hook(text string, raw rawExec) error {
	p.mu.Lock()
	now := step(text)
	if len(p.seen) == 0 && p.from != "" && now != p.from {
		p.mu.Unlock()
		return nil
	}
	index := len(p.seen)
	p.seen = append(p.seen, now)
	fail := p.at >= 0 && (index == p.at ||
		index > p.at && (p.lasts == spreads || p.lasts == stays && now == p.seen[p.at]))
	p.reached = p.reached || fail
	p.mu.Unlock()
	if fail {
		return p.happen(text, raw)
	}
	return nil
}

// steps returns what was seen.
func (p *plan) steps() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// check returns an error if the fault was never reached, or not at the step it was meant
// for: the test would then show nothing.
func (p *plan) check(want string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.reached:
		return errors.New("the step was never reached")
	case p.seen[p.at] != want:
		return fmt.Errorf("the step was %s, want %s", p.seen[p.at], want)
	}
	return nil
}
