package audit_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"todomanager/internal/audit"
)

// TestHeadsFileIsRecognised: a file is read as it was written, also without its last line end;
// what is no file of heads is an error rather than a file without any, and stays as it is.
func TestHeadsFileIsRecognised(t *testing.T) {
	const first, second = "todo-manager/audit/x\n1\nh\nt\n\n— signed\n", "todo-manager/audit-base/x\n1\nh\nt\n\n— signed\n"
	whole := first + "\n" + second + "\n"
	for name, c := range map[string]struct {
		text, mended string
		notes        []string // nil: an error
	}{
		"whole":                 {whole, whole, []string{first, second}},
		"no last line":          {first + "\n" + second, whole, []string{first, second}},
		"cut off":               {whole + "todo-manager/audit/x\n2", whole, []string{first, second}},
		"cut off at once":       {whole + "todo", whole, []string{first, second}},
		"zeros after a crash":   {whole + "todo-man\x00\x00\x00", whole, []string{first, second}},
		"nothing":               {"", "", []string{}},
		"other line ends":       {strings.ReplaceAll(whole, "\n", "\r\n"), "", nil},
		"one, other line ends":  {strings.ReplaceAll(first, "\n", "\r\n"), "", nil},
		"a log with heads":      {`{"msg":"audit head signed","note":"todo-manager/audit/x\n1\nh\nt\n\n— signed\n"}` + "\n", "", nil},
		"settings":              {"public-url: https://todo.example\n\nissuer: https://id.example\n\n", "", nil},
		"something after heads": {whole + "issuer: https://id.example\n", "", nil},
		"something between":     {first + "\nissuer: x\n" + second + "\n", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := audit.HeadsFile(filepath.Join(t.TempDir(), "heads"))
			if err := os.WriteFile(string(f), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			notes, err := f.Notes()
			if (err == nil) != (c.notes != nil) || err == nil && !slices.Equal(notes, c.notes) {
				t.Errorf("notes %q, %v", notes, err)
			}
			err = f.Mend()
			if c.notes == nil {
				c.mended = c.text
			}
			if (err == nil) != (c.notes != nil) {
				t.Errorf("mend: %v", err)
			}
			if now, err := os.ReadFile(string(f)); err != nil || string(now) != c.mended {
				t.Errorf("mended: %q, %v", now, err)
			}
			other := c.text != "" && !strings.HasPrefix(c.text, "todo-manager/audit")
			if err := f.Append(second); (err != nil) != other {
				t.Errorf("append: %v", err)
			}
		})
	}
}
