package auth_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// casesFile lists every row of the table of threats: its id, and the tests with
// a sub-test that is named by the id, or "-" and why there is none.
const casesFile = "testdata/cases.txt"

// row runs a sub-test. If id begins with that of a row, such as C01_absent, it
// counts for that row.
func row(t *testing.T, id string, test func(t *testing.T)) {
	t.Helper()
	t.Run(id, func(t *testing.T) {
		ran.add(t.Name())
		test(t)
	})
}

// ran are the rows that were tested in this process.
var ran rows

type rows struct {
	mu    sync.Mutex
	tests map[string][]string // by row
}

func (r *rows) add(name string) {
	m := regexp.MustCompile(`^(\w+)/([HSCPIK]\d\d)(_|$)`).FindStringSubmatch(name)
	if m == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tests == nil {
		r.tests = make(map[string][]string)
	}
	if !slices.Contains(r.tests[m[2]], m[1]) {
		r.tests[m[2]] = append(r.tests[m[2]], m[1])
	}
}

// TestMain compares the rows that were tested with the list, if all tests ran.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && allTests() {
		if err := ran.compare(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func allTests() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz", "test.fuzzworker"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			return false
		}
	}
	return true
}

func (r *rows) compare() error {
	listed, err := readCases()
	if err != nil {
		return err
	}
	for _, id := range allRows() {
		tests, ok := listed[id]
		slices.Sort(r.tests[id])
		if !ok {
			return fmt.Errorf("%s: %s is missing", casesFile, id)
		}
		if !slices.Equal(tests, r.tests[id]) {
			return fmt.Errorf("%s: %s lists the tests %v, but it was tested by %v", casesFile, id, tests, r.tests[id])
		}
	}
	if len(listed) != len(allRows()) {
		return fmt.Errorf("%s: %d rows, want %d", casesFile, len(listed), len(allRows()))
	}
	return nil
}

func allRows() []string {
	var ids []string
	for _, group := range []struct {
		letter string
		n      int
	}{{"H", 17}, {"S", 27}, {"C", 36}, {"P", 12}, {"I", 8}, {"K", 6}} {
		for i := range group.n {
			ids = append(ids, fmt.Sprintf("%s%02d", group.letter, i+1))
		}
	}
	return ids
}

// readCases returns the sorted tests of each row, none where a reason stands.
func readCases() (map[string][]string, error) {
	f, err := os.Open(casesFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	listed := make(map[string][]string)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) < 2 || fields[1] == "-" && len(fields) < 4 || listed[fields[0]] != nil {
			return nil, fmt.Errorf("%s: %q: want a new id and tests, or - and a reason", casesFile, lines.Text())
		}
		listed[fields[0]] = []string{}
		if fields[1] != "-" {
			listed[fields[0]] = slices.Sorted(slices.Values(fields[1:]))
		}
	}
	return listed, lines.Err()
}
