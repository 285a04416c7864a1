package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRunbook: every entry of docs/operations.md that shows a command names the script that
// carries it out, and the script has the same commands, with the same flags.
func TestRunbook(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	entries := strings.Split(string(text), "\n## ")[1:]
	if len(entries) < 10 {
		t.Fatalf("%d entries", len(entries))
	}
	for _, entry := range entries {
		title, body, _ := strings.Cut(entry, "\n")
		t.Run(title, func(t *testing.T) { carriedOut(t, body) })
	}
}

var (
	shownCommand  = regexp.MustCompile(`(?m)^\s*todo-manager (.*)$`)
	scriptCommand = regexp.MustCompile(`(?m)^(?:exit [0-9] |exec |!? ?start |start )(?:server )?(.*)$`)
	scriptName    = regexp.MustCompile("Test: `([a-z_]+\\.txtar)`")
)

func carriedOut(t *testing.T, entry string) {
	shown := shownCommand.FindAllStringSubmatch(entry, -1)
	if len(shown) == 0 {
		return
	}
	name := scriptName.FindStringSubmatch(entry)
	if name == nil {
		t.Fatal("no script is named that carries it out")
	}
	script, err := os.ReadFile(filepath.Join("testdata/script", name[1]))
	if err != nil {
		t.Fatal(err)
	}
	var run []string
	for _, line := range scriptCommand.FindAllStringSubmatch(string(script), -1) {
		run = append(run, formOf(line[1]))
	}
	for _, command := range shown {
		if !slices.Contains(run, formOf(command[1])) {
			t.Errorf("%s does not run %q (as %q)", name[1], command[1], formOf(command[1]))
		}
	}
}

// formOf leaves of a command its words of lower case in front, and the names of its flags.
func formOf(command string) string {
	var form []string
	named := true
	for _, word := range strings.Fields(command) {
		flag := strings.HasPrefix(word, "-")
		named = named && regexp.MustCompile(`^[a-z]+$`).MatchString(word) && len(form) < 2
		if flag || named {
			name, _, _ := strings.Cut(word, "=")
			form = append(form, name)
		}
	}
	return strings.Join(form, " ")
}
