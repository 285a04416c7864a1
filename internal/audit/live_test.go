package audit_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"todomanager/internal/audit"
)

// TestLive: a restoration makes void what was signed before it for later rows, and nothing
// else; so does each of several.
func TestLive(t *testing.T) {
	signer, _, err := audit.OpenSigner(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1_800_000_000, 0)
	at := func(sign audit.Sign, log string, seq, second int64) audit.SignedHead {
		h, err := sign(audit.Head{LogID: log, Seq: seq}, start.Add(time.Duration(second)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := audit.OpenHead(h.Note(), signer.Keys())
		if err != nil || opened != h {
			t.Fatalf("%+v is read as %+v, %v", h, opened, err)
		}
		return h
	}
	upTo10 := at(signer.Head, "log", 10, 1)
	upTo20 := at(signer.Head, "log", 20, 2)
	base15 := at(signer.Base, "log", 15, 3)
	other := at(signer.Head, "other", 20, 2)
	restored10 := at(signer.Restored, "log", 10, 4)
	sameSecond := at(signer.Head, "log", 12, 4)
	new20 := at(signer.Head, "log", 20, 5)
	restored5 := at(signer.Restored, "log", 5, 6)
	new8 := at(signer.Head, "log", 8, 7)

	for _, c := range []struct {
		name        string
		heads, want []audit.SignedHead
	}{
		{"none", nil, nil},
		{"no restoration", []audit.SignedHead{upTo10, upTo20, base15}, []audit.SignedHead{upTo10, upTo20, base15}},
		{"one", []audit.SignedHead{upTo10, upTo20, base15, restored10, sameSecond, new20}, []audit.SignedHead{upTo10, restored10, sameSecond, new20}},
		{"in any order", []audit.SignedHead{restored10, new20, upTo20, upTo10}, []audit.SignedHead{restored10, new20, upTo10}},
		{"of another log", []audit.SignedHead{other, upTo20, restored10}, []audit.SignedHead{other, restored10}},
		{"two", []audit.SignedHead{upTo10, upTo20, restored10, new20, restored5, new8}, []audit.SignedHead{restored5, new8}},
		{"a base is no restoration", []audit.SignedHead{upTo20, base15}, []audit.SignedHead{upTo20, base15}},
	} {
		if got := audit.Live(c.heads); !slices.Equal(got, c.want) {
			t.Errorf("%s:\ngot  %v\nwant %v", c.name, got, c.want)
		}
	}
}
