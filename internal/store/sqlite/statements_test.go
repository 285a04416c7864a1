package sqlite_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"todomanager/internal/store/sqlite/internal/sqlitedb"
)

// statement is one query as sqlc generated it, with numbered parameters.
type statement struct {
	name string
	text string
}

var (
	namePattern      = regexp.MustCompile(`(?m)^-- name: (\w+) :\w+$`)
	parameterPattern = regexp.MustCompile(`\?(\d*)`)
)

// parameters returns how many values the statement takes.
func (s statement) parameters(t *testing.T) (n int) {
	for _, p := range parameterPattern.FindAllStringSubmatch(s.text, -1) {
		number, err := strconv.Atoi(p[1])
		if err != nil {
			t.Errorf("%s: a parameter without a number", s.name)
		}
		n = max(n, number)
	}
	return n
}

// generated reads the statements out of the generated code.
func generated(t *testing.T) (list []statement) {
	t.Helper()
	files, err := filepath.Glob("internal/sqlitedb/*.sql.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no generated files: %v", err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value)
				if m := namePattern.FindStringSubmatch(text); m != nil {
					list = append(list, statement{m[1], text})
				}
			}
			return true
		})
	}
	return list
}

// written reads the statements out of the query files, without their comments.
func written(t *testing.T) (list []statement) {
	t.Helper()
	files, err := filepath.Glob("../../../db/queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no query files: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, split(string(text))...)
	}
	return list
}

var commentPattern = regexp.MustCompile(`(?m)--.*$`)

func split(file string) (list []statement) {
	starts := namePattern.FindAllStringSubmatchIndex(file, -1)
	for i, at := range starts {
		end := len(file)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		list = append(list, statement{file[at[2]:at[3]], strings.TrimSpace(commentPattern.ReplaceAllString(file[at[1]:end], ""))})
	}
	return list
}

// outermost returns a statement without what is in parentheses, with :x for sqlc.arg(x).
func outermost(text string) string {
	text = regexp.MustCompile(`sqlc\.arg\((\w+)\)`).ReplaceAllString(text, ":$1")
	for inner := regexp.MustCompile(`\([^()]*\)`); inner.MatchString(text); {
		text = inner.ReplaceAllString(text, " ")
	}
	return text
}

var (
	onTodos    = regexp.MustCompile(`(?i)\b(FROM|INTO|UPDATE|JOIN)\s+todos\b`)
	insertInto = regexp.MustCompile(`(?i)^INSERT\s+INTO\s+todos\s*\(([^)]*)\)`)
	rowValue   = regexp.MustCompile(`\([^()]*,[^()]*\)\s*(<|>|=|<=|>=|IS|IN)\s*\(`)
	bare       = regexp.MustCompile(`\?(\D|$)`)
)

// paged returns what is in the parentheses of a statement that makes one row of a page, and
// takes rows from nowhere else; of any other, the statement.
func paged(text string) string {
	head, rest, _ := strings.Cut(text, "FROM (\n")
	inner, isPage := strings.CutSuffix(rest, "\n) AS page;")
	if !isPage || onTodos.MatchString(head) {
		return text
	}
	return inner
}

// acrossTenants are the statements that may touch todos of all tenants, each with the
// reason why.
var acrossTenants = map[string]string{}

// faults returns what is wrong with a statement of the query files.
func (s statement) faults() (faults []string) {
	add := func(bad bool, fault string) {
		if bad {
			faults = append(faults, fault)
		}
	}
	add(bare.MatchString(s.text), "a bare ? is counted by hand, and wrongly one day")
	add(strings.Contains(s.text, "sqlc.slice"), "sqlc.slice renumbers parameters on SQLite: a tenant could become a list element")
	add(rowValue.MatchString(s.text), "in a comparison of row values sqlc gives the second part the type of the first")
	if !onTodos.MatchString(s.text) || acrossTenants[s.name] != "" {
		return faults
	}
	_, where, _ := strings.Cut(outermost(paged(s.text)), "WHERE ")
	for _, column := range []string{"issuer", "tenant"} {
		if insert := insertInto.FindStringSubmatch(s.text); insert != nil {
			add(!regexp.MustCompile(`\b`+column+`\b`).MatchString(insert[1]), "the todo gets no "+column)
			continue
		}
		add(!regexp.MustCompile(`\b`+column+` = :`+column+`\b`).MatchString(where), "no condition on "+column)
	}
	add(regexp.MustCompile(`\b(OR|NOT)\b`).MatchString(where), "the conditions of the tenant may be got round")
	return faults
}

func TestQueryFiles(t *testing.T) {
	for _, s := range written(t) {
		for _, fault := range s.faults() {
			t.Errorf("%s: %s", s.name, fault)
		}
	}
}

// TestQueryRulesBite feeds the rules what they are there for.
func TestQueryRulesBite(t *testing.T) {
	for _, bad := range []string{
		"SELECT id FROM todos WHERE issuer = sqlc.arg(issuer) AND id = sqlc.arg(id);",
		"SELECT id FROM todos WHERE tenant = sqlc.arg(tenant) AND id = sqlc.arg(id);",
		"SELECT id FROM todos;",
		"SELECT id FROM todos WHERE id = sqlc.arg(id) AND (issuer = sqlc.arg(issuer) OR tenant = sqlc.arg(tenant));",
		"SELECT id FROM todos WHERE NOT issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant);",
		"SELECT id FROM todos WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant) OR id = sqlc.arg(id);",
		"SELECT id FROM todos WHERE issuer = issuer AND tenant = tenant;",
		"SELECT issuer, tenant FROM todos WHERE id = sqlc.arg(id);",
		"DELETE FROM todos WHERE id = sqlc.arg(id);",
		"UPDATE todos SET issuer = sqlc.arg(issuer), tenant = sqlc.arg(tenant);",
		"INSERT INTO todos (issuer, subject, id) VALUES (sqlc.arg(issuer), sqlc.arg(tenant), sqlc.arg(id));",
		"SELECT count(*)\nFROM (\nSELECT id FROM todos WHERE issuer = sqlc.arg(issuer)\n) AS page;",
		"SELECT (SELECT count(*) FROM todos)\nFROM (\nSELECT id FROM todos WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant)\n) AS page;",
		"SELECT count(*)\nFROM (\nSELECT id FROM todos WHERE issuer = sqlc.arg(issuer) AND tenant = sqlc.arg(tenant)\n) AS page JOIN todos;",
		"SELECT a.seq FROM audit_log a JOIN todos ON id = target_id;",
		"SELECT seq FROM audit_log WHERE seq > ?;",
		"SELECT seq FROM audit_log WHERE seq IN (sqlc.slice(seqs));",
		"SELECT seq FROM audit_log WHERE (occurred_at, seq) > (sqlc.arg(at), sqlc.arg(seq));",
	} {
		if s := split("-- name: Bad :many\n" + bad); len(s[0].faults()) == 0 {
			t.Errorf("nothing wrong found with %s", bad)
		}
	}
}

// TestGeneratedIsCurrent: every query that is written was generated, and no other.
func TestGeneratedIsCurrent(t *testing.T) {
	names := make(map[string]int)
	for _, s := range written(t) {
		names[s.name]++
	}
	for _, s := range generated(t) {
		names[s.name] += 2
	}
	for name, n := range names {
		if n != 3 {
			t.Errorf("%s is not once in the query files and once in the generated code; run sqlc", name)
		}
	}
}

// TestGeneratedTypes: a parameter that sqlc could not type takes a value of any type,
// and SQLite compares values of different types without complaint.
func TestGeneratedTypes(t *testing.T) {
	queries := reflect.TypeFor[*sqlitedb.Queries]()
	for i := range queries.NumMethod() {
		method := queries.Method(i)
		for j := range method.Type.NumIn() {
			if in := method.Type.In(j); in.Kind() == reflect.Struct && in.NumField() > 0 {
				for k := range in.NumField() {
					if in.Field(k).Type.Kind() == reflect.Interface {
						t.Errorf("%s takes %s of any type", method.Name, in.Field(k).Name)
					}
				}
			} else if j > 1 && in.Kind() == reflect.Interface { // after the receiver and the context
				t.Errorf("%s takes a value of any type", method.Name)
			}
		}
	}
}
