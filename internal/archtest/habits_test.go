package archtest_test

import (
	"go/ast"
	"go/token"
	"strings"
)

// small: a file does one thing.
func small(s *source) []fault {
	if lines := strings.Count(s.text, "\n"); lines > 500 && !s.generated() {
		return s.fault(s.Name, "%d lines; split it by what it does", lines)
	}
	return nil
}

// exits: the process ends in main.go, where nothing is left to be closed.
func exits(s *source) (faults []fault) {
	if s.path == "cmd/server/main.go" || s.isTest() { // a TestMain ends the process too
		return nil
	}
	osName, logName := s.knows("os"), s.knows("log")
	ast.Inspect(s.File, func(n ast.Node) bool {
		call, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, ok := call.X.(*ast.Ident)
		if !ok {
			return true
		}
		name := call.Sel.Name
		if of.Name == osName && name == "Exit" || of.Name == logName && (strings.HasPrefix(name, "Fatal") || strings.HasPrefix(name, "Panic")) {
			faults = append(faults, s.fault(n, "%s.%s outside main.go", of.Name, name)...)
		}
		return true
	})
	return faults
}

// initFunc: importing a package does nothing.
func initFunc(s *source) (faults []fault) {
	for _, decl := range s.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" && !s.generated() {
			faults = append(faults, s.fault(f, "an init function")...)
		}
	}
	return faults
}

// packageVar: a package keeps no state. Its variables are what Go has no constants for:
// errors, patterns, tables and embedded files, set where they stand and never again.
func packageVar(s *source) (faults []fault) {
	if s.isTest() || s.generated() {
		return nil
	}
	names := make(map[string]bool)
	for _, decl := range s.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.VAR {
			continue
		}
		for _, spec := range group.Specs {
			spec := spec.(*ast.ValueSpec)
			for _, name := range spec.Names {
				names[name.Name] = true
			}
			if !embedded(group, spec) && !s.constant(spec) {
				faults = append(faults, s.fault(spec, "%s is a package variable that can change", spec.Names[0].Name)...)
			}
		}
	}
	return append(faults, s.assigned(names)...)
}
