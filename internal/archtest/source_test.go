package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// module is the path that all packages of ours begin with.
const module = "todomanager/"

// source is one Go file.
type source struct {
	*ast.File
	set  *token.FileSet
	path string // below the module, with slashes
	text string
}

func parse(path, text string) (*source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
	return &source{file, set, path, text}, err
}

func (s *source) folder() string          { return path.Dir(s.path) }
func (s *source) isTest() bool            { return strings.HasSuffix(s.path, "_test.go") }
func (s *source) generated() bool         { return ast.IsGenerated(s.File) }
func (s *source) line(n ast.Node) int     { return s.set.Position(n.Pos()).Line }
func (s *source) isTestSupport() bool     { return strings.HasSuffix(s.folder(), "test") }
func (s *source) isProduct() bool         { return !s.isTest() && !s.isTestSupport() }
func importPath(i *ast.ImportSpec) string { p, _ := strconv.Unquote(i.Path.Value); return p }

// knows returns the name under which the file knows an imported package, or "".
func (s *source) knows(imported string) string {
	for _, i := range s.Imports {
		if importPath(i) != imported {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path.Base(imported)
	}
	return ""
}

// sources reads every Go file of the module.
func sources(t *testing.T) (list []*source) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(root, name, entry.Name())
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		file, err := parse(filepath.ToSlash(below), string(text))
		list = append(list, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// enter leaves out the folders that the go command leaves out, and other modules.
func enter(root, name, base string) error {
	if name == root {
		return nil
	}
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	if err == nil || base == "testdata" || base == "node_modules" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return filepath.SkipDir
	}
	return nil
}
