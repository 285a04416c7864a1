package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// timeLayout is RFC 3339 in UTC with milliseconds, the resolution of the log.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Printer writes rows in one of the forms.
type Printer interface {
	Print(Row) error
	Flush() error // writes what is still buffered
}

// JSONL prints one JSON object a line, keyed by column name.
type JSONL struct {
	w       *bufio.Writer
	encoder *json.Encoder
}

// NewJSONL returns a printer that writes to w when flushed or full.
func NewJSONL(w io.Writer) *JSONL {
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	return &JSONL{buffered, encoder}
}

// Print writes one row.
func (p *JSONL) Print(r Row) error { return p.encoder.Encode(r) }

// Flush writes what is still buffered.
func (p *JSONL) Flush() error { return p.w.Flush() }

// MarshalJSON fixes the form of the time; everything else is as the tags say.
func (r Row) MarshalJSON() ([]byte, error) {
	type plain Row
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // an encoder around this one cannot undo it
	err := encoder.Encode(struct {
		Seq        int64  `json:"seq"`
		OccurredAt string `json:"occurred_at"`
		plain
	}{r.Seq, r.OccurredAt.UTC().Format(timeLayout), plain(r)})
	return text.Bytes(), err
}

// Table prints columns of fixed width, so that rows can be shown as they are read,
// however many there are. A value wider than its column pushes its own line out rather
// than being cut.
type Table struct {
	w       *bufio.Writer
	started bool
}

// NewTable returns a printer that writes to w when flushed or full.
func NewTable(w io.Writer) *Table { return &Table{w: bufio.NewWriter(w)} }

// tableColumns are the columns that answer who, what and why at a glance; the other
// forms have them all.
var tableColumns = [...]struct {
	name  string
	width int
	value func(Row) string
}{
	{"SEQ", 6, func(r Row) string { return strconv.FormatInt(r.Seq, 10) }},
	{"TIME", 24, func(r Row) string { return r.OccurredAt.UTC().Format(timeLayout) }},
	{"SUBJECT", 12, subject},
	{"TOOL", 15, func(r Row) string { return cmp.Or(r.Tool, string(r.Event)) }},
	{"DECISION", 8, func(r Row) string { return string(r.Decision) }},
	{"REASON", 17, func(r Row) string { return string(r.Reason) }},
	{"BASIS", 5, func(r Row) string { return cmp.Or(string(r.Basis), "-") }},
	{"SCOPES USED", 12, func(r Row) string { return cmp.Or(r.ScopesUsed, "-") }},
	{"TARGET", 13, target},
	{"ISSUER", 24, func(r Row) string { return r.Issuer }},
	{"TENANT", 0, tenant},
}

// Print writes one row, and the heading before the first.
func (t *Table) Print(r Row) error {
	if !t.started {
		t.started = true
		if err := t.line(func(i int) string { return tableColumns[i].name }); err != nil {
			return err
		}
	}
	return t.line(func(i int) string { return Printable(tableColumns[i].value(r)) })
}

func (t *Table) line(cell func(int) string) error {
	var b strings.Builder
	for i, column := range tableColumns {
		fmt.Fprintf(&b, "%-*s  ", column.width, cell(i))
	}
	_, err := t.w.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	return err
}

// Flush writes what is still buffered.
func (t *Table) Flush() error { return t.w.Flush() }

func target(r Row) string {
	switch {
	case r.TargetID != nil:
		return *r.TargetID
	case r.ResultCount != nil:
		return fmt.Sprintf("%d found", *r.ResultCount)
	default:
		return "-"
	}
}

// subject shows who acted.
func subject(r Row) string {
	switch {
	case r.Subject == nil && r.ActorCommit != nil:
		return "(erased)"
	case r.Subject == nil:
		return "-"
	default:
		return Quoted(*r.Subject)
	}
}

// tenant shows nothing where the issuer's people are one tenant, as they mostly are.
func tenant(r Row) string {
	if r.Tenant == "" {
		return ""
	}
	return Quoted(r.Tenant)
}

// Quoted shows a name that a provider or client has chosen: in quotes if it could pass for
// further columns, or for another name.
func Quoted(name string) string {
	unclear := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == '"' || r == '(' }
	if name == "" || name == "-" || strings.ContainsFunc(name, unclear) {
		return strconv.QuoteToGraphic(name)
	}
	return name
}

// Printable keeps a terminal safe, whatever a row holds.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
