package archtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLinks: what a page of the documentation links to in this repository is there.
func TestLinks(t *testing.T) {
	pages := make(map[string]string)
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			below := filepath.ToSlash(strings.TrimPrefix(name, filepath.Join("..", "..")+string(filepath.Separator)))
			pages[below] = readFile(t, below)
		}
	}
	if len(pages) < 10 {
		t.Fatalf("only %d pages were found", len(pages))
	}
	exists := func(below string) bool {
		_, err := os.Stat(filepath.Join("..", "..", below))
		return err == nil
	}
	for _, fault := range linkFaults(pages, exists) {
		t.Error(fault)
	}
}

// What stands in code is neither a link nor a heading.
var (
	code    = regexp.MustCompile("(?ms)^ *```.*?^ *```|`[^`\n]+`")
	fences  = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
)

// linkFaults returns the links of pages, by their paths, that lead nowhere.
func linkFaults(pages map[string]string, exists func(string) bool) (faults []string) {
	for from, text := range pages {
		for _, found := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			target, anchor, _ := strings.Cut(found[1], "#")
			to := from
			if target != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(from), target))
			}
			page, isPage := pages[to]
			if !isPage && !exists(to) || anchor != "" && !slices.Contains(anchors(page), anchor) {
				faults = append(faults, from+" links to "+found[1])
			}
		}
	}
	slices.Sort(faults)
	return faults
}

// anchors returns those that the headings of a page get.
func anchors(page string) (list []string) {
	for _, found := range heading.FindAllStringSubmatch(fences.ReplaceAllString(page, ""), -1) {
		plain := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(found[1]), "")
		list = append(list, strings.ReplaceAll(plain, " ", "-"))
	}
	return list
}

// TestLinksBite: each kind of link that leads nowhere is found, and no other.
func TestLinksBite(t *testing.T) {
	pages := map[string]string{
		"README.md": "[a](docs/a.md) [b](docs/a.md#a-title-isnt-it) [c](docs) [d](https://id.example/x#y) `[e](e.md)`\n```\n[f](f.md)\n```\n",
		"docs/a.md": "# A `title`, isn't it\n[a](../README.md) [b](b.md) [c](#here) [d](#a-title)\n```\n# here\n```\n[e](../README.md#top)\n",
	}
	got := linkFaults(pages, func(below string) bool { return below == "docs" })
	want := []string{"docs/a.md links to #a-title", "docs/a.md links to #here", "docs/a.md links to ../README.md#top", "docs/a.md links to b.md"}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
