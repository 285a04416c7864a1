package sqlite_test

import (
	"path/filepath"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestReadLogAmongNamesakes: somebody of another tenant who has the same name and thousands
// of rows costs a reader pages that show nothing, and never a search through all of them.
func TestReadLogAmongNamesakes(t *testing.T) {
	if raced() {
		t.Skip("takes half a minute under the race detector, and nothing in it is concurrent")
	}
	const block = 4096
	const scan = block + 1
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	eve := todos.Owner{Issuer: "https://id.example", Tenant: "small", Subject: "eve"}
	namesake := todos.Owner{Issuer: "https://id.example", Tenant: "large", Subject: "eve"}
	writeMany(t, s, eve, 3)
	for range 6 {
		writeMany(t, s, namesake, block)
	}
	writeMany(t, s, eve, 2)

	f := audit.Filter{Issuer: eve.Issuer, Tenant: &eve.Tenant, Subject: eve.Subject, Limit: 10}
	var found []int64
	var pages int
	for end := false; !end; pages++ {
		page, err := s.ReadLog(t.Context(), f, scan)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Rows {
			if r.Tenant != eve.Tenant {
				t.Fatalf("row %d is of another tenant", r.Seq)
			}
			found = append(found, r.Seq)
		}
		if end = page.From == 0; end != page.Scanned.IsZero() {
			t.Errorf("page %d ends at row %d, at %v", pages+1, page.From, page.Scanned)
		}
		f.BeforeSeq = page.From
	}
	newest := int64(3 + 6*block + 2)
	if len(found) != 5 || found[0] != newest || found[4] != 1 {
		t.Errorf("rows %v, want the newest two and the oldest three of %d", found, newest)
	}
	if pages != 4 { // the newest few rows and a block, then two blocks each
		t.Errorf("%d pages, want 4", pages)
	}
}
