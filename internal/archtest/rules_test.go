package archtest_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// fault is a line that breaks a rule.
type fault string

func (s *source) fault(at ast.Node, format string, args ...any) []fault {
	return []fault{fault(fmt.Sprintf("%s:%d: ", s.path, s.line(at)) + fmt.Sprintf(format, args...))}
}

// rules are checked file by file.
var rules = map[string]func(*source) []fault{
	"direction of imports":         direction,
	"knowledge of others' affairs": foreign,
	"test support":                 testSupport,
	"package comment":              packageDoc,
	"comments on exported names":   exportedDoc,
	"init functions":               initFunc,
	"package state":                packageVar,
	"end of the process":           exits,
	"size of files":                small,
}

func TestRules(t *testing.T) {
	all := sources(t)
	if len(all) < 50 {
		t.Fatalf("only %d files were found", len(all))
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, s := range all {
				for _, f := range rule(s) {
					t.Error(f)
				}
			}
		})
	}
	t.Run("every package has a comment", func(t *testing.T) {
		for _, folder := range undocumented(all) {
			t.Errorf("%s has no package comment", folder)
		}
	})
	t.Run("every package of the table exists", func(t *testing.T) {
		for folder := range mayImport {
			if !slices.ContainsFunc(all, func(s *source) bool { return s.folder() == folder }) {
				t.Errorf("%s is in the table of imports and has no Go file", folder)
			}
		}
	})
}

// TestRulesBite feeds each rule what it is there for, and what it must let pass.
func TestRulesBite(t *testing.T) {
	long := "package todos\n" + strings.Repeat("\n", 500)
	for _, c := range []struct {
		rule, path, text string
		bites            bool
	}{
		{"direction of imports", "internal/auth/a.go", `package auth; import _ "todomanager/internal/audit"`, true},
		{"direction of imports", "internal/audit/a.go", `package audit; import _ "todomanager/internal/todos"`, true},
		{"direction of imports", "internal/todos/a.go", `package todos; import _ "todomanager/internal/store/sqlite"`, true},
		{"direction of imports", "internal/todos/a.go", `package todos; import _ "todomanager/internal/store/sqlite/internal/sqlitedb"`, true},
		{"direction of imports", "internal/mcp/a.go", `package mcp; import _ "todomanager/internal/store/sqlite"`, true},
		{"direction of imports", "internal/mcp/a.go", `package mcp; import _ "todomanager/internal/httpserver"`, true},
		{"direction of imports", "internal/httpserver/a.go", `package httpserver; import _ "todomanager/internal/mcp"`, true},
		{"direction of imports", "internal/config/a.go", `package config; import _ "todomanager/internal/observe"`, true},
		{"direction of imports", "internal/observe/a.go", `package observe; import _ "todomanager/internal/auth"`, true},
		{"direction of imports", "internal/devauth/a.go", `package devauth; import _ "todomanager/internal/auth"`, true},
		{"direction of imports", "internal/store/sqlite/a.go", `package sqlite; import _ "todomanager/internal/mcp"`, true},
		{"direction of imports", "internal/util/a.go", `package util`, true},
		{"direction of imports", "internal/util/a_test.go", `package util`, true},
		{"direction of imports", "internal/mcp/a.go", `package mcp; import ("net/http"; _ "todomanager/internal/todos")`, false},
		{"direction of imports", "internal/todos/a_test.go", `package todos_test; import _ "todomanager/internal/store/sqlite"`, false},
		{"direction of imports", "cmd/server/a.go", `package main; import _ "todomanager/internal/mcp"`, false},

		{"knowledge of others' affairs", "internal/todos/a.go", `package todos; import "net/http"`, true},
		{"knowledge of others' affairs", "internal/todos/a.go", `package todos; import "database/sql/driver"`, true},
		{"knowledge of others' affairs", "internal/audit/a.go", `package audit; import "database/sql"`, true},
		{"knowledge of others' affairs", "internal/audit/a.go", `package audit; import "github.com/modelcontextprotocol/go-sdk/mcp"`, true},
		{"knowledge of others' affairs", "internal/httpserver/a.go", `package httpserver; import "github.com/modelcontextprotocol/go-sdk/mcp"`, true},
		{"knowledge of others' affairs", "internal/auth/a.go", `package auth; import "todomanager/internal/config"`, true},
		{"knowledge of others' affairs", "internal/auth/a_test.go", `package auth_test; import "todomanager/internal/config"`, true},
		{"knowledge of others' affairs", "cmd/server/a.go", `package main; import "modernc.org/sqlite"`, true},
		{"knowledge of others' affairs", "internal/config/a_test.go", `package config_test; import "todomanager/internal/config"`, false},
		{"knowledge of others' affairs", "cmd/server/a.go", `package main; import "todomanager/internal/config"`, false},

		{"test support", "cmd/server/a.go", `package main; import "todomanager/internal/devauth/devauthtest"`, true},
		{"test support", "internal/mcp/a.go", `package mcp; import "todomanager/internal/auth/authtest"`, true},
		{"test support", "internal/store/sqlite/a.go", `package sqlite; import "todomanager/internal/store/storetest"`, true},
		{"test support", "internal/auth/a.go", `package auth; import "testing"`, true},
		{"test support", "internal/auth/a.go", `package auth; import "net/http/httptest"`, true},
		{"test support", "internal/auth/a_test.go", `package auth_test; import "todomanager/internal/auth/authtest"`, false},
		{"test support", "internal/store/storetest/a.go", `package storetest; import "testing"`, false},

		{"package comment", "internal/todos/doc.go", "package todos", true},
		{"package comment", "internal/todos/doc.go", "// Todos.\npackage todos", true},
		{"package comment", "internal/todos/a.go", "// Copyright\npackage todos", true},
		{"package comment", "internal/todos/doc.go", "// Package todos is.\npackage todos", false},
		{"package comment", "cmd/server/doc.go", "// Command server is.\npackage main", false},

		{"comments on exported names", "a.go", "package a\nfunc F() {}", true},
		{"comments on exported names", "a.go", "package a\ntype T struct{}", true},
		{"comments on exported names", "a.go", "package a\nfunc (t *T) M() {}", true},
		{"comments on exported names", "a.go", "package a\nfunc (t T[K]) M() {}", true},
		{"comments on exported names", "a.go", "package a\nconst C = 1", true},
		{"comments on exported names", "a.go", "package a\nvar (\n\ta = 1\n\tV = 2\n)", true},
		{"comments on exported names", "a.go", "package a\n// Types of two kinds.\ntype (\n\tA int\n\tB int\n)", true},
		{"comments on exported names", "a.go", "package a\n// F does.\nfunc F() {}\nfunc g() {}\nfunc (t *t) M() {}\nfunc (t T) Error() string { return \"\" }", false},
		{"comments on exported names", "a.go", "package a\n// The sizes.\nconst (\n\tA = 1\n\tB = 2\n)\nconst C = 3 // the third", false},
		{"comments on exported names", "a.go", "// Code generated by x. DO NOT EDIT.\n\npackage a\nfunc F() {}", false},

		{"init functions", "a.go", "package a\nfunc init() {}", true},
		{"init functions", "a_test.go", "package a\nfunc init() {}", true},
		{"init functions", "a.go", "package a\nfunc (t *T) init() {}", false},

		{"package state", "a.go", "package a\nvar count int", true},
		{"package state", "a.go", "package a\nvar mu sync.Mutex", true},
		{"package state", "a.go", "package a\nvar mu = sync.Mutex{}", true},
		{"package state", "a.go", "package a\nvar cache = make(map[string]int)", true},
		{"package state", "a.go", "package a\nvar client = &http.Client{}", true},
		{"package state", "a.go", "package a\nvar now = time.Now", true},
		{"package state", "a.go", "package a\nvar size = 4096", true},
		{"package state", "a.go", "package a\nvar table = map[string]int{}\nfunc f() { table[\"a\"] = 1 }", true},
		{"package state", "a.go", "package a\nvar list = []int{1}\nfunc f() { list = append(list, 2) }", true},
		{"package state", "a.go", "package a\nvar pair = struct{ n int }{}\nfunc f() { pair.n++ }", true},
		{"package state", "a.go", "package a\nvar list = [1]int{1}\nfunc f() *[1]int { return &list }", true},
		{"package state", "a.go", "package a\nvar ErrA = errors.New(\"a\")\nfunc f() { ErrA = nil }", true},
		{"package state", "a.go", "package a\nvar (\n\tErrA = errors.New(\"a\")\n\tform = regexp.MustCompile(`a`)\n)\nvar _ I = (*T)(nil)", false},
		{"package state", "a.go", "package a\n//go:embed a.html\nvar page string", false},
		{"package state", "a.go", "package a\nvar table = [...]int{1, 2}\nfunc f() { table := 1; _ = table }", false},
		{"package state", "a_test.go", "package a\nvar update = flag.Bool(\"update\", false, \"\")", false},

		{"end of the process", "cmd/server/serve.go", "package main\nimport \"os\"\nfunc f() { os.Exit(1) }", true},
		{"end of the process", "internal/auth/a.go", "package auth\nimport o \"os\"\nfunc f() { o.Exit(1) }", true},
		{"end of the process", "internal/auth/a.go", "package auth\nimport \"log\"\nfunc f() { log.Fatalf(\"\") }", true},
		{"end of the process", "internal/auth/a.go", "package auth\nimport \"os\"\nvar exit = os.Exit", true},
		{"end of the process", "cmd/server/main.go", "package main\nimport \"os\"\nfunc main() { os.Exit(1) }", false},
		{"end of the process", "internal/auth/a_test.go", "package auth\nimport \"os\"\nfunc TestMain() { os.Exit(1) }", false},
		{"end of the process", "internal/auth/a.go", "package auth\nfunc f(log *logger) { log.Fatal() }", false},

		{"size of files", "internal/todos/a.go", long, true},
		{"size of files", "internal/todos/a_test.go", long, true},
		{"size of files", "internal/todos/a.go", "package todos\n", false},
		{"size of files", "internal/todos/a.go", "// Code generated by x. DO NOT EDIT.\n\n" + long, false},
	} {
		s, err := parse(c.path, c.text)
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		if got := len(rules[c.rule](s)) > 0; got != c.bites {
			t.Errorf("%s: bites is %v for %s:\n%.200s", c.rule, got, c.path, c.text)
		}
	}
}

// TestUndocumentedBites: a package without any package comment is found.
func TestUndocumentedBites(t *testing.T) {
	var all []*source
	for path, text := range map[string]string{
		"good/a.go": "package good", "good/doc.go": "// Package good is.\npackage good",
		"bad/a.go": "package bad", "bad/a_test.go": "// Package bad is not documented by its tests.\npackage bad",
		"made/a.go": "// Code generated by x. DO NOT EDIT.\n\npackage made",
	} {
		s, err := parse(path, text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if got := undocumented(all); !slices.Equal(got, []string{"bad"}) {
		t.Errorf("found %v, want bad alone", got)
	}
}
