package audit_test

import (
	"crypto/sha256"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"todomanager/internal/audit"
)

// canonical is the form of RFC 8785 for objects whose names are ASCII, from the standard
// library: it sorts members, and differs in the escapes of five characters only.
func canonical(t *testing.T, o map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || text[i+1] != 'u' {
			if text[i] == '\\' {
				b = append(b, text[i])
				i++
			}
			b = append(b, text[i])
			continue
		}
		var r string
		if err := json.Unmarshal([]byte(`"`+string(text[i:i+6])+`"`), &r); err != nil {
			t.Fatal(err)
		}
		if r[0] < ' ' {
			r = string(text[i : i+6])
		}
		b = append(b, r...)
		i += 5
	}
	return b
}

// FuzzRecord: the hash is that of the record as docs/audit-format.md describes it.
func FuzzRecord(f *testing.F) {
	f.Add("alice", "client", "{\"count\":1}", int64(7), true)
	f.Add("a\"\\\b\t\n\f\r\x00\x1f\x7f</>&\u2028é😀", "", "", int64(-1), false)
	f.Fuzz(func(t *testing.T, subject, text, details string, number int64, erased bool) {
		for _, s := range []string{subject, text, details} {
			if !utf8.ValidString(s) {
				t.Skip("not UTF-8: refused before it gets here")
			}
		}
		number %= 1 << 53
		r := audit.Row{
			Seq: 3, Event: audit.UserErase, Tool: text, Decision: audit.Allow, Reason: "ok", Issuer: text, Tenant: subject, RequestID: text,
			TraceID: &text, DurationUS: number, Details: &details, Subject: &subject, ClientID: &text, TokenSHA256: audit.Bytes{1, 2},
			ActorSalt: audit.Bytes{3}, TargetSubject: &subject, TargetSalt: audit.Bytes{4}, ResultCount: &number,
		}
		actor := sha256.Sum256(append([]byte{3}, canonical(t, map[string]any{"client_id": text, "subject": subject, "token_id": nil, "token_sha256": "0102"})...))
		target := sha256.Sum256(append([]byte{4}, canonical(t, map[string]any{"target_subject": subject})...))
		record := canonical(t, map[string]any{
			"actor_commit": audit.Hash(actor).String(), "basis": "", "chain": 0, "decision": "allow", "details": details, "duration_us": number,
			"event": "user.erase", "issuer": text, "occurred_at": r.OccurredAt.UnixMilli(), "prev_hash": audit.Hash{9}.String(), "reason": "ok",
			"request_id": text, "result_count": number, "scopes_granted": "", "scopes_used": "", "seq": 3,
			"target_commit": audit.Hash(target).String(), "target_id": nil, "tenant": subject, "tool": text, "trace_id": text, "v": 1,
		})
		want := audit.Hash(sha256.Sum256(append([]byte{0}, record...)))
		if erased && (!r.EraseActor() || !r.EraseTarget() || r.EraseActor() || r.EraseTarget()) {
			t.Error("erasing does not happen once")
		}
		if got := r.HashAfter(audit.Hash{9}); got != want {
			t.Errorf("hash %s, want that of %s", got, record)
		}
		if erased && (r.Subject != nil || r.ClientID != nil || r.TokenSHA256 != nil || r.TargetSubject != nil || r.ActorSalt != nil || r.TargetSalt != nil) {
			t.Errorf("somebody is left: %+v", r)
		}
	})
}

// TestGoldenRecord: the form never changes.
func TestGoldenRecord(t *testing.T) {
	r := full()
	if got := r.HashAfter(audit.Hash{1}).String(); got != "fed3c9b7f315902444cb6990850c1b51f63c4233b133147dfcffce35ebd5eeb1" {
		t.Errorf("got %s", got)
	}
}
