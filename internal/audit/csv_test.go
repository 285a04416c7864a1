package audit_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
)

func asCSV(w *strings.Builder) printer { return audit.NewCSV(w) }

// records reads CSV back, as column name to value.
func records(t *testing.T, text string) (list []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	for _, record := range all[1:] {
		row := make(map[string]string)
		for i, name := range all[0] {
			row[name] = record[i]
		}
		list = append(list, row)
	}
	return list
}

// TestCSVColumns: the columns of the JSON form, in its order, with its values.
func TestCSVColumns(t *testing.T) {
	var names []string
	want := make(map[string]string)
	decoder := json.NewDecoder(strings.NewReader(printed(t, jsonl, full())))
	decoder.UseNumber()
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		switch v := value.(type) {
		case nil:
			want[name.(string)] = ""
		case json.Number:
			want[name.(string)] = v.String()
		default:
			want[name.(string)] = v.(string)
		}
	}
	got := printed(t, asCSV, full())
	header, _, _ := strings.Cut(got, "\n")
	if diff := cmp.Diff(names, strings.Split(header, ",")); diff != "" {
		t.Errorf("column names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]map[string]string{want}, records(t, got)); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if got := printed(t, asCSV); got != header+"\n" {
		t.Errorf("no rows: %q, want the column names", got)
	}
	if n := len(records(t, printed(t, asCSV, full(), full()))); n != 2 {
		t.Errorf("%d records for two rows", n)
	}
}

// TestCSVInjection: no cell is a formula, whatever separates cells for the program that
// opens the file, and whether or not it drops blanks and quotes first.
func TestCSVInjection(t *testing.T) {
	for value, want := range map[string]string{
		"alice":                  "alice",
		"auth0|5f7c-8a+b=c@d":    "auth0|5f7c-8a+b=c@d",
		"":                       "",
		"'quoted'":               "'quoted'",
		`=HYPERLINK("http://x")`: `'=HYPERLINK("http://x")`,
		"=cmd|' /C calc'!A0":     "'=cmd|' /C calc'!A0",
		"+1+1":                   "'+1+1",
		"-2+3":                   "'-2+3",
		"@SUM(1+1)":              "'@SUM(1+1)",
		"\t=1+1":                 "'\t'=1+1",
		"\r=1+1":                 "'\r'=1+1",
		"\n=1+1":                 "'\n'=1+1",
		"\tplain":                "'\tplain",
		"\rplain":                "'\rplain",
		"  =1+1":                 "'  =1+1",
		`"=1+1`:                  `'"=1+1`,
		`" '"=1+1`:               `'" '"=1+1`,
		"'=1+1":                  "''=1+1",
		"a,=1+1":                 "a,'=1+1",
		`a",=1+1`:                `a",'=1+1`,
		`a";"=1+1`:               `a";'"=1+1`,
		"a;-1;@b":                "a;'-1;'@b",
		"a\n=1+1":                "a\n'=1+1",
		"a\r\n+1":                "a\r\n'+1",
		"a\t@b":                  "a\t'@b",
		"＝1+1":                   "'＝1+1",
		"＠b":                     "'＠b",
		"\u00a0=1":               "\ufffd=1", // a blank of another kind is shown as none
		"\u200b=1":               "\ufffd=1",
		"\ufeff=1":               "\ufffd=1",
		"\x00=1":                 "\ufffd=1",
		"\x1b[2J":                "\ufffd[2J",
		"\xff=1":                 "\ufffd=1",
	} {
		row := full()
		row.Subject, row.ClientID, row.TokenID, row.TargetSubject, row.TargetID, row.TraceID, row.Details = &value, &value, &value, &value, &value, &value, &value
		row.Issuer, row.Tenant, row.RequestID, row.ScopesGranted = value, value, value, value
		got := records(t, printed(t, asCSV, row))[0]
		want = strings.ReplaceAll(want, "\r\n", "\n") // by the reader
		for _, column := range []string{"subject", "client_id", "token_id", "target_subject", "target_id", "trace_id", "details", "issuer", "tenant", "request_id", "scopes_granted"} {
			if got[column] != want {
				t.Errorf("%q as %s: %q, want %q", value, column, got[column], want)
			}
		}
	}
}

// FuzzCSV: what a naive reader finds between any separators never begins like a formula.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"=1", "a;=1", "\t\"=1", "a\r\n -1", "＝1", "\u00a0=1", "',@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		row := full()
		row.Subject = &value
		text := printed(t, asCSV, row)
		cell := records(t, text)[0]["subject"]
		for _, part := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",;\t\r\n", r) }) {
			if bare := strings.TrimSpace(strings.Trim(part, ` "`)); bare != "" && slices.Contains([]rune("=+-@＝＋－＠"), []rune(bare)[0]) {
				t.Errorf("%q gives %q", value, cell)
			}
		}
		if bytes.ContainsAny([]byte(text), "\x00\x1b\x07") {
			t.Errorf("%q prints control characters: %q", value, text)
		}
	})
}

// TestCSVWriteErrors: output that was cut must not look complete.
func TestCSVWriteErrors(t *testing.T) {
	p := audit.NewCSV(brokenPipe{})
	if err := p.Print(full()); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(); err == nil {
		t.Error("no error")
	}
}
