package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestStatsOfSome: an issuer or a tenant narrows what is counted, in all pages of the
// log, and never how large the log is or how it grows.
func TestStatsOfSome(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := start
	s := open(t, sqlite.Options{Path: path, Now: func() time.Time { return now }})
	var events []audit.Event
	for _, who := range []auth.Principal{
		{Issuer: "https://a.example", Tenant: "red", Subject: "ann", ClientID: "app"},
		{Issuer: "https://a.example", Subject: "ann", ClientID: "app"},
		{Issuer: "https://b.example", Tenant: "red", Subject: "ann", ClientID: "app"},
	} {
		events = append(events, audit.Event{
			Call: audit.Call{Principal: who, RequestID: "r"}, Tool: todos.ToolList, Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisOwner,
		})
	}
	events = append(events, audit.Event{
		Kind: audit.TokenRejected, Decision: audit.Deny, Reason: "token_expired", Details: map[string]any{"count": 5},
		Call: audit.Call{Principal: auth.Principal{Issuer: "https://b.example"}},
	})
	if raced() {
		t.Skip("takes a quarter of a minute under the race detector, and nothing in it is concurrent")
	}
	const rounds = 3000  // of four rows: three pages
	const together = 100 // short transactions, also where everything is slow
	for range rounds / together {
		err := s.Write(context.Background(), func(tx todos.Tx) error {
			for range together {
				for _, e := range events {
					if err := tx.Record(e); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	log := openLog(t, path)
	red, none := "red", ""
	for _, test := range []struct {
		name           string
		query          audit.StatsQuery
		calls, refused int64
		people         []string
	}{
		{"all", audit.StatsQuery{}, 3 * rounds, 5 * rounds, []string{"https://a.example ", "https://a.example red", "https://b.example red"}},
		{"issuer", audit.StatsQuery{Issuer: "https://b.example"}, rounds, 5 * rounds, []string{"https://b.example red"}},
		{"tenant", audit.StatsQuery{Tenant: &red}, 2 * rounds, 0, []string{"https://a.example red", "https://b.example red"}},
		{"no tenant", audit.StatsQuery{Tenant: &none}, rounds, 5 * rounds, []string{"https://a.example "}},
		{"both", audit.StatsQuery{Issuer: "https://a.example", Tenant: &red}, rounds, 0, []string{"https://a.example red"}},
		{"nobody", audit.StatsQuery{Issuer: "https://c.example"}, 0, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.query.Now, test.query.Top = start.Add(48*time.Hour), 10
			got, err := log.Stats(t.Context(), test.query)
			if err != nil {
				t.Fatal(err)
			}
			var refused int64
			for _, c := range got.Refusals {
				refused += c.Count
			}
			if got.Calls.Allowed != test.calls || got.Calls.Denied != 0 || refused != test.refused {
				t.Errorf("%+v calls and %d refusals, want %d and %d", got.Calls, refused, test.calls, test.refused)
			}
			var people []string
			for _, u := range got.Subjects {
				people = append(people, u.Issuer+" "+u.Tenant)
			}
			if diff := cmp.Diff(test.people, people); diff != "" {
				t.Errorf("people (-want +got):\n%s", diff)
			}
			// Four rows a round, in two days.
			if got.Size.LastSeq != 4*rounds || got.Size.RowsPerDay != 2*rounds {
				t.Errorf("the log ends at %d and grows by %d a day, want %d and %d", got.Size.LastSeq, got.Size.RowsPerDay, 4*rounds, 2*rounds)
			}
		})
	}
}

// TestGrowth: the rate is that of the time asked about, up to now. A log that is quiet
// now does not grow as when it was busy.
func TestGrowth(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := start
	s := open(t, sqlite.Options{Path: path, Now: func() time.Time { return now }})
	who := todos.Owner{Issuer: alice.Issuer, Subject: "alice"}
	writeMany(t, s, who, 100)
	now = start.Add(9 * 24 * time.Hour)
	writeMany(t, s, who, 20)
	log := openLog(t, path)
	for name, test := range map[string]struct {
		since time.Time
		later time.Duration // than start
		want  int64
	}{
		"from the first row on":   {time.Time{}, 10 * 24 * time.Hour, 12},
		"no row before the first": {start.Add(-90 * 24 * time.Hour), 10 * 24 * time.Hour, 12},
		"since then":              {start.Add(8 * 24 * time.Hour), 10 * 24 * time.Hour, 10},
		"quiet":                   {start.Add(8 * 24 * time.Hour), 28 * 24 * time.Hour, 1},
		"nothing since then":      {start.Add(9*24*time.Hour + time.Hour), 28 * 24 * time.Hour, 0},
		"less than an hour":       {start.Add(9 * 24 * time.Hour), 9*24*time.Hour + time.Minute, 480},
		"a clock that went back":  {start.Add(9 * 24 * time.Hour), 0, 480},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := log.Stats(t.Context(), audit.StatsQuery{Since: test.since, Now: start.Add(test.later)})
			if err != nil || got.Size.RowsPerDay != test.want {
				t.Errorf("%d rows a day, %v, want %d", got.Size.RowsPerDay, err, test.want)
			}
			if got.Size.BytesPerYear != test.want*got.Size.RowBytes*365 {
				t.Errorf("%d bytes a year, of %d a row", got.Size.BytesPerYear, got.Size.RowBytes)
			}
		})
	}
}
