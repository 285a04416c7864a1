package archtest_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFaults: each line of the document of faults is held by tests that there are.
func TestFaults(t *testing.T) {
	for _, fault := range faultsOfFaults(readFile(t, "docs", "faults.md"), evidence(t)) {
		t.Error(fault)
	}
}

// faultRow is a line of a table, header and rule included.
var faultRow = regexp.MustCompile(`(?m)^\|.*$`)

const faultColumns = 5 // fault, callers, operator, lost, tests

func faultsOfFaults(doc string, exists map[string]bool) (faults []string) {
	seen := make(map[string]bool)
	for _, row := range faultRow.FindAllString(doc, -1) {
		cells := strings.Split(strings.Trim(row, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		name := cells[0]
		twice := seen[name]
		if name != "fault" && !strings.HasPrefix(name, "---") {
			seen[name] = true
		}
		switch {
		case name == "fault" || strings.HasPrefix(name, "---"):
		case len(cells) != faultColumns || slices.Contains(cells, ""):
			faults = append(faults, fmt.Sprintf("%q has not %d cells with something in them", name, faultColumns))
		case twice:
			faults = append(faults, fmt.Sprintf("%q is there twice", name))
		case !namedEvidence.MatchString(cells[faultColumns-1]):
			faults = append(faults, fmt.Sprintf("%q names no test", name))
		}
	}
	if len(seen) == 0 {
		faults = append(faults, "there is no fault")
	}
	for _, name := range namedEvidence.FindAllString(doc, -1) {
		if !exists[name] {
			faults = append(faults, name+" does not exist")
		}
	}
	return faults
}

// TestFaultsBites makes one mistake at a time in a document that is right.
func TestFaultsBites(t *testing.T) {
	const doc = "| fault | callers see | the operator sees | lost | tests |\n|---|---|---|---|---|\n| fire | smoke | smoke | nothing | `TestA`, `good.txtar` |\n"
	exists := map[string]bool{"TestA": true, "good.txtar": true}
	for _, c := range []struct{ name, old, new, fault string }{
		{"nothing wrong", "", "", ""},
		{"cell missing", "| nothing ", "", `"fire" has not 5 cells with something in them`},
		{"empty cell", "nothing", "", `"fire" has not 5 cells with something in them`},
		{"no test", "`TestA`, `good.txtar`", "we looked", `"fire" names no test`},
		{"test that does not exist", "TestA", "TestB", "TestB does not exist"},
		{"script that does not exist", "good", "bad", "bad.txtar does not exist"},
		{"twice", "| fire", "| fire | s | s | n | TestA |\n| fire", `"fire" is there twice`},
		{"no row", "| fire | smoke | smoke | nothing | `TestA`, `good.txtar` |\n", "", "there is no fault"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []string
			if c.fault != "" {
				want = []string{c.fault}
			}
			if got := faultsOfFaults(strings.Replace(doc, c.old, c.new, 1), exists); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
