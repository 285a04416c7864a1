package migrations_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"todomanager/db/migrations"
)

// TestReleased: a migration that databases may have been upgraded by is never changed, since
// they would not be upgraded by it again. The sums are those of sha256sum; a new migration
// gets its line when it is released, in the same commit as a fixture of its schema
// (internal/store/sqlite/testdata/released).
func TestReleased(t *testing.T) {
	sums, err := os.ReadFile("migrations.sum")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	released := strings.Split(strings.TrimSuffix(string(sums), "\n"), "\n")
	if len(released) > len(names) {
		t.Fatalf("%d migrations were released, and there are %d: put back what is missing", len(released), len(names))
	}
	for i, line := range released {
		text, err := migrations.FS.ReadFile(names[i])
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x  %s", sha256.Sum256(text), names[i]); got != line {
			t.Errorf("migration %d was changed since it was released: put it back and write a new one\nreleased %s\nfound    %s", i+1, line, got)
		}
	}
}
