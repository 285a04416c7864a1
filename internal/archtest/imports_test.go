package archtest_test

import (
	"slices"
	"strings"
)

// mayImport is the direction of imports: each package, and what of ours it may use.
// Everything not named here is forbidden, also a package that is missing altogether.
var mayImport = map[string][]string{
	"internal/auth":    {},
	"internal/audit":   {"internal/auth", "internal/atomicfile"},
	"internal/todos":   {"internal/auth", "internal/audit"},
	"internal/mcp":     {"internal/todos", "internal/audit", "internal/auth"},
	"internal/config":  {},
	"internal/observe": {},
	"internal/devauth": {"internal/atomicfile"},

	"internal/atomicfile": {},
	"internal/metrics":    {},
	"internal/tracing":    {},

	"internal/httpserver": {"internal/auth", "internal/observe"},
	"db/migrations":       {},
	"internal/store/sqlite": {
		"internal/todos", "internal/audit", "internal/auth", "db/migrations", "internal/store/sqlite/internal/sqlitedb",
		"internal/atomicfile",
	},
	"internal/store/sqlite/internal/sqlitedb": {},

	"cmd/server": { // the only place where all meet
		"internal/auth", "internal/audit", "internal/todos", "internal/mcp", "internal/config", "internal/observe",
		"internal/devauth", "internal/httpserver", "internal/store/sqlite", "internal/atomicfile", "internal/metrics", "internal/tracing", "db/migrations",
	},

	// support of tests
	"internal/archtest":            {},
	"internal/auth/authtest":       {"internal/auth"},
	"internal/devauth/devauthtest": {"internal/devauth"},
	"internal/store/storetest":     {"internal/todos", "internal/audit", "internal/auth"},
}

// direction: imports go one way. Tests may look from the side, but reach no package
// that only cmd/server may see.
func direction(s *source) (faults []fault) {
	allowed, known := mayImport[s.folder()]
	if !known {
		return s.fault(s.Name, "the package is not in the table of imports (mayImport)")
	}
	if s.isTest() {
		return nil
	}
	for _, i := range s.Imports {
		ours, isOurs := strings.CutPrefix(importPath(i), module)
		if isOurs && !slices.Contains(allowed, ours) {
			faults = append(faults, s.fault(i, "%s must not import %s", s.folder(), ours)...)
		}
	}
	return faults
}

// mustNotKnow keeps protocols and engines out of the packages that hold the product's
// rules: folder, and the beginnings of import paths.
var mustNotKnow = map[string][]string{
	"internal/todos": {"net/http", "database/sql", "github.com/modelcontextprotocol/", "modernc.org/", "encoding/json"},
	"internal/audit": {"net/http", "database/sql", "github.com/modelcontextprotocol/", "modernc.org/"},
}

// onlyImporter names the one package that may import what begins so. Its tests, and
// those of the whole program, may too.
var onlyImporter = map[string]string{
	"github.com/modelcontextprotocol/": "internal/mcp",
	"modernc.org/sqlite":               "internal/store/sqlite",
	"github.com/pressly/goose":         "internal/store/sqlite",
	"go.opentelemetry.io/":             "internal/tracing",
	module + "internal/config":         "cmd/server",
}

func foreign(s *source) (faults []fault) {
	for _, i := range s.Imports {
		name := importPath(i)
		for _, banned := range mustNotKnow[s.folder()] {
			if strings.HasPrefix(name, banned) && !s.isTest() {
				faults = append(faults, s.fault(i, "%s must know nothing of %s", s.folder(), name)...)
			}
		}
		for beginning, only := range onlyImporter {
			own := module+s.folder() == name // a package's own external tests
			if strings.HasPrefix(name, beginning) && s.folder() != only && !own && !(s.isTest() && s.folder() == "cmd/server") {
				faults = append(faults, s.fault(i, "only %s may import %s", only, name)...)
			}
		}
	}
	return faults
}

// testSupport: what helps tests must not end up in people's binaries.
func testSupport(s *source) (faults []fault) {
	if !s.isProduct() {
		return nil
	}
	for _, i := range s.Imports {
		name := importPath(i)
		ours := strings.HasPrefix(name, module) && strings.HasSuffix(name, "test")
		if ours || name == "testing" || strings.HasPrefix(name, "testing/") || strings.HasPrefix(name, "net/http/httptest") {
			faults = append(faults, s.fault(i, "%s is for tests only", name)...)
		}
	}
	return faults
}
