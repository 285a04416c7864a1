package archtest_test

import (
	"go/ast"
	"slices"
	"strings"
)

// packageDoc: the package comment says what the package is; newcomers start there.
func packageDoc(s *source) []fault {
	isDoc := s.path == s.folder()+"/doc.go"
	switch {
	case s.isTest() || s.generated() || !isDoc && s.Doc == nil:
		return nil
	case s.Name.Name == "main" && strings.HasPrefix(s.Doc.Text(), "Command "):
		return nil
	case strings.HasPrefix(s.Doc.Text(), "Package "+s.Name.Name+" "):
		return nil
	}
	return s.fault(s.Name, "the package comment must begin with Package %s or Command", s.Name.Name)
}

// undocumented returns the folders of hand-written packages that have no package comment.
func undocumented(all []*source) (folders []string) {
	has := make(map[string]bool)
	for _, s := range all {
		if !s.isTest() && !s.generated() {
			has[s.folder()] = has[s.folder()] || s.Doc != nil
		}
	}
	for folder, documented := range has {
		if !documented {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	return folders
}

// obvious are methods whose meaning the standard library has fixed.
var obvious = map[string]bool{"Error": true, "Unwrap": true, "String": true, "ServeHTTP": true}

// exportedDoc: every exported name says what it is for.
func exportedDoc(s *source) (faults []fault) {
	if s.isTest() || s.generated() {
		return nil
	}
	for _, decl := range s.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && !hidden(d) {
				faults = append(faults, s.fault(d, "%s has no comment", d.Name.Name)...)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				faults = append(faults, s.undocumentedSpec(d, spec)...)
			}
		}
	}
	return faults
}

// hidden reports whether a method needs no comment: nobody outside sees its type, or
// everybody knows the method.
func hidden(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return false
	}
	receiver := d.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	name, ok := receiver.(*ast.Ident)
	return ok && !name.IsExported() || obvious[d.Name.Name]
}

// undocumentedSpec: a group of constants or variables may share one comment; a type has
// its own.
func (s *source) undocumentedSpec(d *ast.GenDecl, spec ast.Spec) (faults []fault) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		alone := !d.Lparen.IsValid() && d.Doc != nil
		if spec.Name.IsExported() && spec.Doc == nil && !alone {
			return s.fault(spec, "%s has no comment", spec.Name.Name)
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				faults = append(faults, s.fault(spec, "%s has no comment", name.Name)...)
			}
		}
	}
	return faults
}
