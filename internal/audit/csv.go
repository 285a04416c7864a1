package audit

import (
	"encoding/csv"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// CSV prints rows for spreadsheets, in the form of RFC 4180 with a line feed after each
// record, below one record of column names. What is null is an empty cell.
//
// It is made to be looked at: what a spreadsheet would take for a formula gets an
// apostrophe in front, and what cannot be shown becomes U+FFFD. [JSONL] loses nothing.
type CSV struct {
	w       *csv.Writer
	started bool
}

// NewCSV returns a printer that writes to w when flushed or full.
func NewCSV(w io.Writer) *CSV { return &CSV{w: csv.NewWriter(w)} }

// csvColumns are all columns, in the order of the JSON form.
var csvColumns = [...]struct {
	name  string
	value func(*Row) string
}{
	{"seq", func(r *Row) string { return strconv.FormatInt(r.Seq, 10) }},
	{"occurred_at", func(r *Row) string { return r.OccurredAt.UTC().Format(timeLayout) }},
	{"event", func(r *Row) string { return string(r.Event) }},
	{"tool", func(r *Row) string { return r.Tool }},
	{"decision", func(r *Row) string { return string(r.Decision) }},
	{"reason", func(r *Row) string { return string(r.Reason) }},
	{"basis", func(r *Row) string { return string(r.Basis) }},
	{"scopes_granted", func(r *Row) string { return r.ScopesGranted }},
	{"scopes_used", func(r *Row) string { return r.ScopesUsed }},
	{"target_id", func(r *Row) string { return orEmpty(r.TargetID) }},
	{"target_subject", func(r *Row) string { return orEmpty(r.TargetSubject) }},
	{"result_count", func(r *Row) string {
		if r.ResultCount == nil {
			return ""
		}
		return strconv.FormatInt(*r.ResultCount, 10)
	}},
	{"issuer", func(r *Row) string { return r.Issuer }},
	{"tenant", func(r *Row) string { return r.Tenant }},
	{"subject", func(r *Row) string { return orEmpty(r.Subject) }},
	{"client_id", func(r *Row) string { return orEmpty(r.ClientID) }},
	{"token_sha256", func(r *Row) string { return hex.EncodeToString(r.TokenSHA256) }},
	{"token_id", func(r *Row) string { return orEmpty(r.TokenID) }},
	{"request_id", func(r *Row) string { return r.RequestID }},
	{"trace_id", func(r *Row) string { return orEmpty(r.TraceID) }},
	{"duration_us", func(r *Row) string { return strconv.FormatInt(r.DurationUS, 10) }},
	{"details", func(r *Row) string { return orEmpty(r.Details) }},
	{"chain", func(r *Row) string { return strconv.FormatInt(r.Chain, 10) }},
	{"actor_salt", func(r *Row) string { return hex.EncodeToString(r.ActorSalt) }},
	{"actor_commit", func(r *Row) string { return hex.EncodeToString(r.ActorCommit) }},
	{"target_salt", func(r *Row) string { return hex.EncodeToString(r.TargetSalt) }},
	{"target_commit", func(r *Row) string { return hex.EncodeToString(r.TargetCommit) }},
	{"hash", func(r *Row) string { return r.Hash.String() }},
}

// Print writes one row, and the column names before the first.
func (p *CSV) Print(r Row) error {
	if err := p.start(); err != nil {
		return err
	}
	record := make([]string, len(csvColumns))
	for i, column := range csvColumns {
		record[i] = inert(shown(column.value(&r)))
	}
	return p.w.Write(record)
}

// start writes the column names, once.
func (p *CSV) start() error {
	if p.started {
		return nil
	}
	p.started = true
	names := make([]string, len(csvColumns))
	for i, column := range csvColumns {
		names[i] = column.name
	}
	return p.w.Write(names)
}

// Flush writes what is still buffered; without any row, the column names alone.
func (p *CSV) Flush() error {
	if err := p.start(); err != nil {
		return err
	}
	p.w.Flush()
	return p.w.Error()
}

// shown keeps line ends and tabs, which CSV can hold, and what can be printed.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\t' || r == '\r' || r == '\n' {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// inert puts an apostrophe in front of whatever a spreadsheet would calculate: at the
// start of a cell, and within it after what another locale, or a program that takes no
// notice of quotes, reads as the end of one.
func inert(s string) string {
	var b strings.Builder
	if strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "\r") || strings.HasPrefix(s, "\n") {
		b.WriteByte('\'')
	}
	for len(s) > 0 {
		end := len(s)
		if i := strings.IndexAny(s, ",;\t\r\n"); i >= 0 {
			end = i + 1
		}
		if formula(s[:end]) {
			b.WriteByte('\'')
		}
		b.WriteString(s[:end])
		s = s[end:]
	}
	return b.String()
}

// formula reports whether a cell begins like one, perhaps after blanks and quotes that a
// program drops. The wide forms are those of East Asian keyboards.
func formula(cell string) bool {
	cell = strings.TrimLeft(cell, ` "'`)
	return strings.IndexAny(cell, "=+-@＝＋－＠") == 0
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
