package sqlite_test

import (
	"context"
	"errors"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestListingEnds: a listing ends where the log ended when it began, however busy the
// server is meanwhile; else a limit would not be one, and a long listing would not end.
func TestListingEnds(t *testing.T) {
	s, _, path := openFaulty(t)
	for n := range 3 {
		if err := s.Write(t.Context(), create(id(n), "x")); err != nil {
			t.Fatal(err)
		}
	}
	log, err := sqlite.OpenAuditLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for limit, want := range map[int64]int64{0: 3, 2: 2} {
		seen := int64(0)
		_, err := log.Each(t.Context(), audit.Filter{Limit: limit}, func(r audit.Row) error {
			seen++
			if limit == 0 { // one more row for each that is read
				return s.Write(t.Context(), create(id(int(2+r.Seq)), "y"))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if seen != want {
			t.Errorf("limit %d: %d rows, want %d", limit, seen, want)
		}
	}
	elsewhere := 0
	if _, err := log.Each(t.Context(), audit.Filter{Issuer: "https://other.example"}, func(audit.Row) error { elsewhere++; return nil }); err != nil || elsewhere != 0 {
		t.Errorf("%d rows of an issuer that has none (%v)", elsewhere, err)
	}
}

// TestReadersAreLimited: who waits for a reader can leave, and the next one gets it.
func TestReadersAreLimited(t *testing.T) {
	s, _, _ := openFaulty(t)
	release := s.TakeReaders()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	mine := todos.Query{Owner: todos.Owner{Issuer: "https://issuer.example", Subject: "alice"}, Limit: 1}
	if _, err := s.List(ctx, mine); !errors.Is(err, context.Canceled) {
		t.Errorf("while all readers are taken: %v, want %v", err, context.Canceled)
	}
	release()
	if _, err := s.List(t.Context(), mine); err != nil {
		t.Error(err)
	}
}
