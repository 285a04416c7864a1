package audit_test

import (
	"strings"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
)

// BenchmarkNewRow is what the record of a call costs beside the database: the whole row,
// and of that the hash alone.
func BenchmarkNewRow(b *testing.B) {
	now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	e := allowed()
	e.TargetID = "aaaaaaaaaaaaa"
	e.Call = audit.Call{
		RequestID: "01jqgx3m8v-7kq2n4", TraceID: strings.Repeat("0a", 16), Started: now.Add(-time.Millisecond),
		Principal: auth.Principal{
			Issuer: "https://id.example/realms/acme", Tenant: "acme", Subject: "3f1c7a52-6a0e-4d0c-9a41-b1d7f1f2a9e3", ClientID: "client",
			Scopes: auth.ParseScopes("create:todos read:todos delete:todos"), TokenHash: [32]byte{1}, TokenID: "jti",
		},
	}
	head := audit.Head{Seq: 41}
	row, err := audit.NewRow(e, head, now, now)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := audit.NewRow(e, head, now, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hash", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if row.HashAfter(head.Hash) != row.Hash {
				b.Fatal("not the row's hash")
			}
		}
	})
}
