package archtest_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

func embedded(group *ast.GenDecl, spec *ast.ValueSpec) bool {
	for _, comments := range []*ast.CommentGroup{group.Doc, spec.Doc} {
		if comments == nil {
			continue
		}
		for _, comment := range comments.List {
			if strings.HasPrefix(comment.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// makers, besides those of errors, return values that nobody can change.
var makers = []string{"regexp.MustCompile", "template.Must", "time.Date", "netip.MustParsePrefix", "netip.MustParseAddr"}

// constant reports whether a variable gets a value that is one for good.
func (s *source) constant(spec *ast.ValueSpec) bool {
	if len(spec.Names) == 1 && spec.Names[0].Name == "_" { // "this type has these methods"
		return true
	}
	if len(spec.Values) != len(spec.Names) {
		return false
	}
	isError := strings.HasPrefix(strings.ToLower(spec.Names[0].Name), "err")
	return !slices.ContainsFunc(spec.Values, func(value ast.Expr) bool {
		switch v := value.(type) {
		case *ast.CallExpr:
			return !isError && !slices.Contains(makers, dotted(v.Fun))
		case *ast.CompositeLit:
			kind := dotted(v.Type)
			return strings.HasPrefix(kind, "sync.") || strings.HasPrefix(kind, "atomic.")
		}
		return true
	})
}

// dotted spells a name as the source has it, "" for other expressions.
func dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return dotted(e.X) + "." + e.Sel.Name
	}
	return ""
}

// assigned finds what changes one of the named variables, or a part of it.
func (s *source) assigned(names map[string]bool) (faults []fault) {
	changed := func(n ast.Node, target ast.Expr) {
		if name := root(target); names[name] {
			faults = append(faults, s.fault(n, "the package variable %s is changed", name)...)
		}
	}
	ast.Inspect(s.File, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, target := range n.Lhs {
				if n.Tok != token.DEFINE {
					changed(n, target)
				}
			}
		case *ast.IncDecStmt:
			changed(n, n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				changed(n, n.X)
			}
		}
		return true
	})
	return faults
}

// root returns the variable that an expression like a.b[i] is a part of.
func root(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.StarExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return ""
}
