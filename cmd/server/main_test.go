package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// TestMain makes the test binary three programs: the server itself, and the two
// clients of the scripts.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){
		"server":  main,
		"todo":    todoMain,
		"request": requestMain,
	})
}

// tests are the tests in an environment without settings: each says all that it needs.
type tests struct{ *testing.M }

func (t tests) Run() int {
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "TODO_") {
			os.Unsetenv(name)
		}
	}
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=10") // else each program sleeps for a second at its end
	}
	return t.M.Run()
}

// TestScripts runs the whole program, with real HTTP, OAuth and SQLite, through the
// scripts in testdata/script. script_test.go has the commands that they use.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		Setup:              setupScript,
		Cmds:               scriptCommands(),
		RequireUniqueNames: true,
	})
}
