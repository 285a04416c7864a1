package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schema compiles the published schema, which the library has among its tests.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const home = "http://cyclonedx.org/schema/"
	for _, name := range []string{"bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schema*.json"} {
		found, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "schema", name))
		if err != nil || len(found) != 1 {
			t.Fatal(name, found, err)
		}
		text, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(home+strings.ReplaceAll(name, "*", ""), doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(home + "bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDocument describes this test's own binary: the document fits the published schema, and
// has each module that is in the binary, with version, package URL and hash.
func TestDocument(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, again bytes.Buffer
	if err := run(self, &out); err != nil {
		t.Fatal(err)
	}
	if err := run(self, &again); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Error("a second document differs", err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	valid := schema(t)
	if err := valid.Validate(doc); err != nil {
		t.Error(err)
	}
	doc.(map[string]any)["components"].([]any)[0].(map[string]any)["hashes"] = []any{map[string]any{"alg": "SHA-256", "content": "short"}}
	if err := valid.Validate(doc); err == nil {
		t.Error("the schema accepts anything")
	}

	var bom struct {
		SpecVersion string
		Metadata    struct{ Component struct{ Name string } }
		Components  []struct {
			Name, Version, Purl string
			Hashes              []struct{ Alg, Content string }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &bom); err != nil {
		t.Fatal(err)
	}
	info, _ := debug.ReadBuildInfo()
	if bom.SpecVersion != "1.6" || bom.Metadata.Component.Name != info.Main.Path || len(bom.Components) != len(info.Deps)+1 || len(info.Deps) == 0 {
		t.Errorf("%+v", bom)
	}
	has := make(map[string]bool)
	for _, c := range bom.Components {
		if c.Name == "std" {
			continue
		}
		has[c.Name+" "+c.Version] = c.Purl == "pkg:golang/"+c.Name+"@"+c.Version && len(c.Hashes) == 1 && len(c.Hashes[0].Content) == 64
	}
	for _, dep := range info.Deps {
		if !has[dep.Path+" "+dep.Version] {
			t.Errorf("%s %s is not in the document, or not whole", dep.Path, dep.Version)
		}
	}
}

// TestTreeHash has the hash of a line of this module's go.sum.
func TestTreeHash(t *testing.T) {
	got, err := treeHash("h1:1EYB5IzjZawrrnELUi78f9fPu57HuXjmddZPjrls/28=")
	if want := "d44601e48ce365ac2bae710b522efc7fd7cfbb9ec7b978e675d64f8eb96cff6f"; err != nil || got.Value != want {
		t.Errorf("%+v, %v, want %s", got, err, want)
	}
	for _, wrong := range []string{"", "h2:1EYB5IzjZawrrnELUi78f9fPu57HuXjmddZPjrls/28=", "h1:AAAA", "h1:!"} {
		if _, err := treeHash(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}
