package sqlite_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestLibcIsSQLites: the driver is SQLite translated for one version of its C library.
// A newer one, which an upgrade of all dependencies picks, was never tested with it.
func TestLibcIsSQLites(t *testing.T) {
	list := func(format, module string) string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", format, module).Output()
		if err != nil {
			t.Fatalf("go list %s: %v", module, err)
		}
		return strings.TrimSpace(string(out))
	}
	asked, err := os.ReadFile(list("{{.GoMod}}", "modernc.org/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^(?:require)?\s*modernc\.org/libc (v\S+)`).FindSubmatch(asked)
	if want == nil {
		t.Fatal("modernc.org/sqlite does not require modernc.org/libc")
	}
	if got := list("{{.Version}}", "modernc.org/libc"); got != string(want[1]) {
		t.Errorf("modernc.org/libc is %s, modernc.org/sqlite asks for %s", got, want[1])
	}
}
