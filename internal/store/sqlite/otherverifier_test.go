package sqlite_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOtherVerifier runs the verifier of docs/audit-format.md, which knows the format from
// that page alone.
func TestOtherVerifier(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is missing")
		}
		t.Skip("python3 is missing")
	}
	page, err := os.ReadFile("../../../docs/audit-format.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("the page has no verifier")
	}
	script := filepath.Join(t.TempDir(), "verify.py")
	if err := os.WriteFile(script, block[1], 0o600); err != nil {
		t.Fatal(err)
	}
	e := newEvidence(t)
	run := func() string {
		out, _ := exec.Command(python, script, e.path).CombinedOutput()
		return strings.TrimSpace(string(out))
	}
	log := openLog(t, e.path)
	if want := fmt.Sprintf("12 %s", r0(t, log).Hash); run() != want {
		t.Errorf("an intact log: %q, want %q", run(), want)
	}
	db := e.plain(t)
	for n, change := range []string{"details = '{}'", "subject = 'carol'", "target_salt = zeroblob(16)", "hash = zeroblob(32)"} {
		seq := []int{12, 9, 6, 3}[n]
		if _, err := db.Exec(fmt.Sprintf("UPDATE audit_log SET %s WHERE seq = %d", change, seq)); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("row %d is wrong", seq); run() != want {
			t.Errorf("%s: %q, want %q", change, run(), want)
		}
	}
}
