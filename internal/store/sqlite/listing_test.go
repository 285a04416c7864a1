package sqlite_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

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
	log, err := sqlite.OpenAuditLog(t.Context(), path)
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

// TestReadersAreLimited: a listing waits for its turn, and gives it back. Who waits can leave.
func TestReadersAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := openFaulty(t)
		list := func(ctx context.Context) error {
			_, err := s.List(ctx, todos.Query{Owner: alice, Limit: 1})
			return err
		}
		readLog := func(ctx context.Context) error {
			_, err := s.ReadLog(ctx, audit.Filter{Issuer: alice.Issuer, Tenant: &alice.Tenant, Limit: 1}, 1)
			return err
		}
		for name, read := range map[string]func(context.Context) error{"todos": list, "log": readLog} {
			release := s.TakeReaders()
			left, leave := context.WithCancel(t.Context())
			leaves, waits := make(chan error, 1), make(chan error, 1)
			go func() { leaves <- read(left) }()
			go func() { waits <- read(t.Context()) }()
			synctest.Wait()
			if len(leaves)+len(waits) > 0 {
				t.Errorf("%s: read while all readers are taken", name)
			}
			leave()
			if err := <-leaves; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: who left hears %v, want %v", name, err, context.Canceled)
			}
			release()
			if err := <-waits; err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for range 2 * s.Readers() {
				if err := read(t.Context()); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	})
}
