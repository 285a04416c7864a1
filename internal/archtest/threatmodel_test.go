package archtest_test

import (
	"fmt"
	"go/ast"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThreatModel: the document that says what is defended is as true as the tests are.
func TestThreatModel(t *testing.T) {
	doc := readFile(t, "docs", "threat-model.md")
	cases := readFile(t, "internal", "auth", "testdata", "cases.txt")
	for _, fault := range threatFaults(doc, cases, evidence(t)) {
		t.Error(fault)
	}
}

// threatRow is a row of the document's tables of cases: id, case, answer, and the tests or
// the reason why there is none. No cell is empty.
var threatRow = regexp.MustCompile(`(?m)^\| ([A-Z]\d\d) \| [^|]+ \| [^|]+ \| ([^|]+) \|$`)

// namedEvidence is how the document names a test, perhaps with its folder, or a script.
var namedEvidence = regexp.MustCompile(`\b(?:\w+\.)?(?:Test|Fuzz)[A-Z]\w*|\b\w+\.txtar\b`)

// threatFaults compares the rows of doc with the lines of cases, both ways and word for
// word, and looks for all that doc names in exists.
func threatFaults(doc, cases string, exists map[string]bool) (faults []string) {
	listed := make(map[string]string)
	for line := range strings.Lines(cases) {
		id, tests, _ := strings.Cut(strings.TrimSpace(line), " ")
		if id != "" && id != "#" {
			listed[id] = tests
		}
	}
	rows := make(map[string]bool)
	for _, row := range threatRow.FindAllStringSubmatch(doc, -1) {
		id, tests := row[1], strings.ReplaceAll(row[2], "`", "")
		if rows[id] {
			faults = append(faults, id+" has two rows")
		}
		rows[id] = true
		if want, ok := listed[id]; !ok || tests != want {
			faults = append(faults, fmt.Sprintf("%s has the tests %q, listed are %q", id, tests, want))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(listed)) {
		if !rows[id] {
			faults = append(faults, id+" has no row")
		}
	}
	for _, name := range namedEvidence.FindAllString(doc, -1) {
		if !exists[name] {
			faults = append(faults, name+" does not exist")
		}
	}
	return faults
}

// evidence returns the tests of the module, each by its name and by folder and name, and
// the scripts of the whole binary.
func evidence(t *testing.T) map[string]bool {
	t.Helper()
	exists := make(map[string]bool)
	for _, s := range sources(t) {
		for _, decl := range s.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && s.isTest() && f.Recv == nil {
				exists[f.Name.Name] = true
				exists[path.Base(s.folder())+"."+f.Name.Name] = true
			}
		}
	}
	scripts, err := filepath.Glob(filepath.Join("..", "..", "cmd", "server", "testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		exists[filepath.Base(script)] = true
	}
	return exists
}

func readFile(t *testing.T, below ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, below...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestThreatModelBites makes one mistake at a time in a document that is right.
func TestThreatModelBites(t *testing.T) {
	const cases = "# a comment\n\nH01 TestA TestB\nS07 - not looked for: see TestC\n"
	const doc = `
Held by door.TestD and FuzzE; see good.txtar.

| id | case | answer | tests |
|---|---|---|---|
| H01 | no token | 401 | TestA TestB |
| S07 | weak key | ` + "`200` | - not looked for: see `TestC` |\n"
	exists := map[string]bool{"TestA": true, "TestB": true, "TestC": true, "TestD": true, "door.TestD": true, "FuzzE": true, "good.txtar": true}
	for _, c := range []struct{ name, old, new, fault string }{
		{"nothing wrong", "", "", ""},
		{"row missing", "| H01 | no token | 401 | TestA TestB |\n", "", "H01 has no row"},
		{"row without a cell", "| no token ", "", "H01 has no row"},
		{"empty cell", "no token", "", "H01 has no row"},
		{"row twice", "| S07", "| H01 | again | 401 | TestA TestB |\n| S07", "H01 has two rows"},
		{"unknown id", "| S07", "| Z01 | new | 401 | TestA |\n| S07", `Z01 has the tests "TestA", listed are ""`},
		{"test missing", "TestA TestB", "TestA", `H01 has the tests "TestA", listed are "TestA TestB"`},
		{"another test", "TestA TestB", "TestA TestC", `H01 has the tests "TestA TestC", listed are "TestA TestB"`},
		{"tests instead of a reason", "- not looked for: see `TestC`", "TestC", `S07 has the tests "TestC", listed are "- not looked for: see TestC"`},
		{"test that does not exist", "FuzzE", "FuzzF", "FuzzF does not exist"},
		{"test of another folder", "door.TestD", "hall.TestD", "hall.TestD does not exist"},
		{"script that does not exist", "good.txtar", "bad.txtar", "bad.txtar does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []string
			if c.fault != "" {
				want = []string{c.fault}
			}
			if got := threatFaults(strings.Replace(doc, c.old, c.new, 1), cases, exists); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
