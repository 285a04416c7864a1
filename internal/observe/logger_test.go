package observe_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"todomanager/internal/observe"
)

// formats are the three outputs of NewLogger; colour is the only one that may
// write ESC, in sequences of its own.
var formats = []struct {
	name             string
	terminal, colour bool
}{{"json", false, false}, {"terminal", true, true}, {"terminal without colour", true, false}}

// logged returns what one record comes out as.
func logged(t *testing.T, terminal, colour bool, log func(*slog.Logger)) string {
	t.Helper()
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", map[bool]string{false: "1"}[colour])
	var out bytes.Buffer
	log(observe.NewLogger(&out, new(slog.LevelVar), terminal))
	return out.String()
}

func TestColour(t *testing.T) {
	say := func(l *slog.Logger) { l.Info("hello", "n", 1) }
	for _, f := range formats {
		if got := strings.Contains(logged(t, f.terminal, f.colour, say), "\x1b["); got != f.colour {
			t.Errorf("%s: colour %v, want %v", f.name, got, f.colour)
		}
	}
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	var out bytes.Buffer
	say(observe.NewLogger(&out, new(slog.LevelVar), true))
	if strings.Contains(out.String(), "\x1b") {
		t.Error("colour on a dumb terminal")
	}
}

type credential struct{ Secret string }

func TestRedaction(t *testing.T) {
	const leak = "hunter2"
	keys := []string{
		"authorization", "Authorization", "token", "access_token", "Access-Token", "refresh_token", "id_token",
		"code", "client_secret", "cookie", "Set-Cookie", "sub", "subject", "email", "content", "claims",
	}
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			got := logged(t, f.terminal, f.colour, func(l *slog.Logger) {
				for _, key := range keys {
					l.Info("m", key, leak)
					l.With(key, leak).WithGroup("g").Info("m", key, []string{leak}, "ok", "shown")
					l.Info("m", slog.Group(key, "inner", leak), slog.Group("principal", key, leak))
				}
				l.Info("m", "a", credential{leak}, "b", &credential{leak}, "c", []credential{{leak}},
					"d", http.Header{"Authorization": {leak}}, "e", map[string]string{"x": leak},
					"f", json.RawMessage(leak), "g", &http.Request{Header: http.Header{"X": {leak}}})
			})
			if strings.Contains(got, leak) {
				t.Errorf("leaked:\n%s", got)
			}
			if n := strings.Count(got, "[redacted]"); n != 5*len(keys) {
				t.Errorf("%d values redacted, want %d", n, 5*len(keys))
			}
			if strings.Count(got, "shown") != len(keys) {
				t.Error("a harmless attribute is missing")
			}
		})
	}
}

type reason string

func TestOrdinaryValuesAreShown(t *testing.T) {
	var none *os.PathError
	for _, f := range formats {
		got := logged(t, f.terminal, false, func(l *slog.Logger) {
			l.Info("m", "err", errors.New("disk_full"), "reason", reason("not_owner"), "list", []string{"one_of_two"},
				"took", 1500*time.Millisecond, "addr", &net{}, "nil", nil, "typed_nil", none)
		})
		for _, want := range []string{"disk_full", "not_owner", "one_of_two", "10.0.0.1", "nil"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in %s", f.name, want, got)
			}
		}
	}
}

type net struct{}

func (*net) String() string { return "10.0.0.1" }

func TestControlCharactersNeverRaw(t *testing.T) {
	hostile := "a\nINF forged\r\t\x00\x1b[2J\x1b]0;title\a\x7f\u009b31m\u202edesrever\u2028\U000e0041\ufffd\xff<end>"
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			got := logged(t, f.terminal, f.colour, func(l *slog.Logger) {
				l.With("with", hostile).Info(hostile, "value", hostile, hostile, 1, "err", errors.New(hostile), "list", []string{hostile})
			})
			line := strings.TrimSuffix(got, "\n")
			if f.colour {
				line = strings.NewReplacer("\x1b[0m", "", "\x1b[2m", "", "\x1b[92m", "").Replace(line)
			}
			for _, r := range line {
				if !unicode.IsPrint(r) {
					t.Errorf("%U is raw in %q", r, line)
				}
			}
			if n := strings.Count(line, "<end>"); n != 6 {
				t.Errorf("%d of 6 texts are whole: %q", n, line)
			}
		})
	}
}

func TestJSONStaysValid(t *testing.T) {
	got := logged(t, false, false, func(l *slog.Logger) { l.Info("m", "value", "é\u009b\u202e") })
	var record struct{ Value string }
	if err := json.Unmarshal([]byte(got), &record); err != nil {
		t.Fatal(err)
	}
	if record.Value != "é\u009b\u202e" {
		t.Errorf("value = %q", record.Value)
	}
}

func TestRequestID(t *testing.T) {
	ctx := observe.WithRequestID(t.Context(), "abc123")
	for _, f := range formats {
		got := logged(t, f.terminal, false, func(l *slog.Logger) {
			l.InfoContext(ctx, "one")
			l.With("a", 1).WithGroup("g").InfoContext(ctx, "two")
			l.Info("three")
		})
		if n := strings.Count(got, "abc123"); n != 2 {
			t.Errorf("%s: the id is in %d records, want 2:\n%s", f.name, n, got)
		}
	}
}

func TestLevelChangesWhileRunning(t *testing.T) {
	var out bytes.Buffer
	level := new(slog.LevelVar)
	logger := observe.NewLogger(&out, level, false)
	logger.Debug("first")
	level.Set(slog.LevelDebug)
	logger.Debug("second")
	if got := out.String(); strings.Contains(got, "first") || !strings.Contains(got, "second") {
		t.Error(got)
	}
}

func TestTerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if observe.Terminal(file) || observe.Terminal(io.Discard) {
		t.Error("a file is no terminal")
	}
}
