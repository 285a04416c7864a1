package sqlite_test

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestSigningNeverGoesBack: a clock that was put back does not make a head older than the
// one before, or one that was signed after a restoration would be void.
func TestSigningNeverGoesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	var clock atomic.Int64
	s := open(t, sqlite.Options{Path: path, Now: func() time.Time { return time.Unix(clock.Load(), 0) }})
	signer, _, err := audit.OpenSigner(path + ".key")
	if err != nil {
		t.Fatal(err)
	}
	who := todos.Owner{Issuer: alice.Issuer, Subject: "alice"}
	var last time.Time
	for i, at := range []int64{1_800_000_000, 1_700_000_000, 1_900_000_000, 1_800_000_000} {
		clock.Store(at)
		writeMany(t, s, who, 1)
		signed, ok, err := s.Checkpoint(t.Context(), signer.Head)
		if err != nil || !ok || signed.SignedAt.Before(last) {
			t.Errorf("head %d, with the clock at %d, is signed at %v, after %v: %v", i, at, signed.SignedAt, last, err)
		}
		last = signed.SignedAt
	}
	if last.Unix() != 1_900_000_000 {
		t.Errorf("the last one is signed at %v", last)
	}
}
