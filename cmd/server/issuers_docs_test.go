package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"todomanager/internal/config"
)

// Every YAML example in the documentation is one that the program would take, but for the
// secrets and what stands between < and >.
func TestIssuersInTheDocumentation(t *testing.T) {
	block, placeholder := regexp.MustCompile("(?s)```yaml\n(.*?)```"), regexp.MustCompile(`<[^>\n]*>`)
	for _, page := range []string{"configuration.md", "providers.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		examples := block.FindAllSubmatch(text, -1)
		if len(examples) == 0 {
			t.Errorf("%s has no example", page)
		}
		for _, example := range examples {
			var c serveCommand
			file := writeConfig(t, string(placeholder.ReplaceAll(example[1], []byte("x"))))
			if _, err := config.Parse(&c, []string{"--config", file, "--public-url", "https://todos.example.com"}, new(bytes.Buffer)); err != nil {
				t.Errorf("%s: %v\n%s", page, err, example[1])
				continue
			}
			for _, issuer := range c.Issuer {
				issuer.Introspection = nil
			}
			if _, err := newSites(&c.Server, entrance{}, nil); err != nil {
				t.Errorf("%s: %v\n%s", page, err, example[1])
			}
		}
	}
}
