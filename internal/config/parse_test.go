package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"todomanager/internal/config"

	"github.com/google/go-cmp/cmp"
)

// program has the shape of the real one: two commands that share the
// configuration, one of them with another default.
type program struct {
	Serve struct {
		config.Server
	} `cmd:""`
	Dev struct {
		config.Server `set:"issuer=http://localhost:3002"`
	} `cmd:""`
	Version struct{} `cmd:""`
}

const issuer = "https://id.example.com"

// parse runs `serve --issuer=… args` with text as its file, unless text is empty.
func parse(t *testing.T, text string, args ...string) (config.Server, error) {
	t.Helper()
	args = append([]string{"serve"}, args...)
	if text != "" {
		args = append(args, "--config="+writeFile(t, text))
	}
	var p program
	_, err := config.Parse(&p, args, io.Discard)
	return p.Serve.Server, err
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "todo.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPrecedence(t *testing.T) {
	kinds := []struct {
		name, flag, variable    string
		fromFlag, fromEnv, file string
		get                     func(config.Server) any
		want                    [4]any // flag, environment, file, default
	}{
		{"string", "--db", "TODO_DB", "flag.db", "env.db", "db: file.db",
			func(s config.Server) any { return s.DB },
			[4]any{"flag.db", "env.db", "file.db", "todos.db"}},
		{"list", "--audience", "TODO_AUDIENCE", "f1,f2", "e1, e2", "audience: [y1, y2]",
			func(s config.Server) any { return s.Audience },
			[4]any{[]string{"f1", "f2"}, []string{"e1", "e2"}, []string{"y1", "y2"}, []string(nil)}},
		{"float", "--rate", "TODO_RATE", "1.5", "2.5", "rate: 3.5",
			func(s config.Server) any { return s.Rate },
			[4]any{1.5, 2.5, 3.5, 10.0}},
		{"int", "--burst", "TODO_BURST", "1", "2", "burst: 3",
			func(s config.Server) any { return s.Burst },
			[4]any{1, 2, 3, 50}},
		{"bool", "--behind-proxy", "TODO_BEHIND_PROXY", "true", "true", "behind-proxy: true",
			func(s config.Server) any { return s.BehindProxy },
			[4]any{true, true, true, false}},
		{"bool off again", "--behind-proxy", "TODO_BEHIND_PROXY", "false", "false", "behind-proxy: true",
			func(s config.Server) any { return s.BehindProxy },
			[4]any{false, false, true, false}},
	}
	for _, kind := range kinds {
		for sources := range 8 {
			var args []string
			text, want := "", kind.want[3]
			if sources&1 != 0 {
				text, want = kind.file+"\n", kind.want[2]
			}
			env := sources&2 != 0
			if env {
				want = kind.want[1]
			}
			if sources&4 != 0 {
				args, want = []string{kind.flag + "=" + kind.fromFlag}, kind.want[0]
			}
			t.Run(kind.name, func(t *testing.T) {
				t.Setenv("TODO_ISSUER", issuer)
				if env {
					t.Setenv(kind.variable, kind.fromEnv)
				}
				got, err := parse(t, text, args...)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, normal(kind.get(got))); diff != "" {
					t.Errorf("flag %v env %v file %v (-want +got):\n%s", sources&4 != 0, env, sources&1 != 0, diff)
				}
			})
		}
	}
}

// normal makes a config.List comparable with a []string.
func normal(v any) any {
	if list, ok := v.(config.List); ok {
		return []string(list)
	}
	return v
}

func TestEmptyVariableCounts(t *testing.T) {
	t.Setenv("TODO_OPS_LISTEN", "")
	got, err := parse(t, "ops-listen: 127.0.0.1:9999\n", "--issuer="+issuer)
	if err != nil || got.OpsListen != "" {
		t.Errorf("ops-listen = %q, %v; want it off", got.OpsListen, err)
	}
	t.Setenv("TODO_ISSUER", "")
	_, err = parse(t, "issuer: "+issuer+"\n")
	wantError(t, err, "--issuer", "TODO_ISSUER")
	for _, variable := range []string{"TODO_RATE", "TODO_BURST", "TODO_BEHIND_PROXY"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "")
			_, err := parse(t, "rate: 5\nburst: 5\nbehind-proxy: true\n", "--issuer="+issuer)
			wantError(t, err, variable)
		})
	}
}

// TestWrongTypes: a value that is not of its setting's type is told in the form of all
// others, wherever it comes from.
func TestWrongTypes(t *testing.T) {
	for name, test := range map[string]struct{ value, want string }{
		"rate":         {"abc", "must be a number; the default is 10"},
		"burst":        {"1.5", "must be a whole number; the default is 50"},
		"max-todos":    {"x", "must be a whole number; the default is 10000"},
		"behind-proxy": {"ja", "must be true or false"},
		"max-body":     {"10", "must be a size, a whole number followed by KiB, MiB, GiB or TiB, such as 8MiB; the default is 1MiB"},
	} {
		variable := "TODO_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		message := fmt.Sprintf("--%s (variable %s, file key %s) is %q", name, variable, name, test.value)
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, "", "--issuer="+issuer, "--"+name+"="+test.value)
			wantError(t, err, message+": "+test.want)
			t.Setenv(variable, test.value)
			_, err = parse(t, "", "--issuer="+issuer)
			wantError(t, err, message+", from variable "+variable+": "+test.want)
		})
	}
}

// TestUnreadableFile: a file that is there needs another mend than one that is not.
func TestUnreadableFile(t *testing.T) {
	name := writeFile(t, "rate: 1\n")
	if err := os.Chmod(name, 0); err != nil {
		t.Fatal(err)
	}
	if file, err := os.Open(name); err == nil {
		_ = file.Close()
		t.Skip("this user may read everything")
	}
	t.Setenv("TODO_CONFIG", name)
	_, err := parse(t, "")
	wantError(t, err, "--config", "permission denied", "let the user that runs this read the file")
}

func TestLists(t *testing.T) {
	const one, two = "https://one.example", "https://two.example/"
	for name, args := range map[string][]string{
		"comma":    {"--issuer=" + one + ", " + two},
		"repeated": {"--issuer=" + one, "--issuer=" + two},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(t, "issuer: [https://file.example]\n", args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{one, two}, got.Issuer.URLs()); diff != "" {
				t.Error(diff)
			}
		})
	}
	got, err := parse(t, "issuer: "+one+", "+two+"\n")
	if err != nil || !cmp.Equal([]string{one, two}, got.Issuer.URLs()) {
		t.Errorf("comma separated in the file: %v, %v", got.Issuer.URLs(), err)
	}
	_, err = parse(t, "", "--issuer="+one+",,"+two)
	wantError(t, err, "--issuer", "empty")
}

func TestVariableFromEnvironmentNamesFile(t *testing.T) {
	t.Setenv("TODO_CONFIG", writeFile(t, "db: file.db\nissuer: "+issuer+"\n"))
	got, err := parse(t, "")
	if err != nil || got.DB != "file.db" {
		t.Errorf("db = %q, %v", got.DB, err)
	}
}

func TestFileErrors(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += strings.ReplaceAll("C: &C [*P,*P,*P,*P,*P,*P,*P,*P,*P]\n", "C", string(c))
		bomb = strings.ReplaceAll(bomb, "P", string(c-1))
	}
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"unknown key":      {"db: a.db\nisuer: x\n", []string{"todo.yaml:2", `"isuer"`, `"issuer"`}},
		"underscores":      {"public_url: x\n", []string{"todo.yaml:1", `"public_url"`, `"public-url"`}},
		"config in file":   {"config: other.yaml\n", []string{"todo.yaml:1", `"config"`}},
		"duplicate key":    {"db: a.db\nrate: 1\ndb: b.db\n", []string{"todo.yaml:3", `"db"`, "line 1"}},
		"number":           {"rate: fast\n", []string{"todo.yaml:1", "rate", `"fast"`, "a number"}},
		"whole number":     {"burst: 50.7\n", []string{"todo.yaml:1", "burst", "a whole number"}},
		"boolean":          {"behind-proxy: maybe\n", []string{"todo.yaml:1", "behind-proxy", "true or false"}},
		"list for string":  {"listen: [a, b]\n", []string{"todo.yaml:1", "listen", "a single value"}},
		"nested":           {"\n\nlisten:\n  host: x\n", []string{"todo.yaml:", "listen", "nested"}},
		"nested in a list": {"audience:\n  - url: x\n", []string{"todo.yaml:2", "audience", "entry 1"}},
		"empty entry":      {"issuer: ['']\n", []string{"todo.yaml:1", "issuer", "empty"}},
		"no value":         {"listen:\n", []string{"todo.yaml:1", "listen", "no value"}},
		"not a mapping":    {"- listen\n", []string{"todo.yaml:1"}},
		"not YAML":         {"listen: [\n", []string{"todo.yaml", "not valid YAML"}},
		"two documents":    {"db: a.db\n---\ndb: b.db\n", []string{"todo.yaml:", "second"}},
		"alias":            {"db: &x a.db\nlisten: *x\n", []string{"todo.yaml:2", "listen", "alias"}},
		"alias bomb":       {bomb, []string{"todo.yaml"}},
		"deep":             {"db: " + strings.Repeat("[", 200_000), []string{"todo.yaml"}},
		"huge":             {"# " + strings.Repeat("x", 2<<20), []string{"todo.yaml", "larger than"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, test.text, "--issuer="+issuer)
			wantError(t, err, test.want...)
			if len(err.Error()) > 1000 {
				t.Errorf("message of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestEmptyFile(t *testing.T) {
	for _, text := range []string{"\n", "# nothing yet\n", "---\n", "{}\n"} {
		if _, err := parse(t, text, "--issuer="+issuer); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestMissingFile(t *testing.T) {
	_, err := parse(t, "", "--config=/does/not/exist.yaml", "--issuer="+issuer)
	wantError(t, err, "--config", "TODO_CONFIG", "/does/not/exist.yaml")
}

func TestUsageErrors(t *testing.T) {
	_, err := parse(t, "", "--isuer=x")
	wantError(t, err, "--isuer", "--issuer")
	_, err = parse(t, "", "--rate=fast", "--issuer="+issuer)
	wantError(t, err, "--rate", "fast")
	t.Setenv("TODO_BURST", "many")
	_, err = parse(t, "", "--issuer="+issuer)
	wantError(t, err, "--burst", "TODO_BURST", "many")
}

func TestFlagMendsBadVariable(t *testing.T) {
	t.Setenv("TODO_BURST", "many")
	if got, err := parse(t, "", "--issuer="+issuer, "--burst=7"); err != nil || got.Burst != 7 {
		t.Errorf("burst = %d, %v", got.Burst, err)
	}
}

func TestOtherCommands(t *testing.T) {
	var p program
	if _, err := config.Parse(&p, []string{"dev"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"http://localhost:3002"}, p.Dev.Issuer.URLs()); diff != "" {
		t.Error(diff)
	}
	t.Setenv("TODO_CONFIG", "/does/not/exist.yaml")
	t.Setenv("TODO_RATE", "fast")
	if _, err := config.Parse(&p, []string{"version"}, io.Discard); err != nil {
		t.Errorf("a command without configuration: %v", err)
	}
}

func TestHelp(t *testing.T) {
	t.Setenv("TODO_RATE", "fast")
	var out bytes.Buffer
	_, err := config.Parse(new(program), []string{"serve", "--help"}, &out)
	if !errors.Is(err, config.ErrHelp) {
		t.Errorf("err = %v", err)
	}
	fields := reflect.TypeFor[config.Server]()
	for i := range fields.NumField() {
		if !fields.Field(i).IsExported() {
			continue
		}
		if variable := fields.Field(i).Tag.Get("env"); variable == "" || !strings.Contains(out.String(), "$"+variable) {
			t.Errorf("%s: variable %q is not in the help", fields.Field(i).Name, variable)
		}
	}
}

// wantError wants one line of an *config.Error with each part in it.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	var own *config.Error
	if !errors.As(err, &own) {
		t.Fatalf("err = %v (%T), want a *config.Error", err, err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error does not say %q:\n%v", part, err)
		}
	}
}
