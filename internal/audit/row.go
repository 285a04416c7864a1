package audit

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"time"

	"todomanager/internal/auth"
)

// Row is one entry of the log. The JSON names are the column names of the table.
type Row struct {
	Seq           int64     `json:"seq"`         // from 1, without gaps
	OccurredAt    time.Time `json:"occurred_at"` // UTC, whole milliseconds
	Event         Kind      `json:"event"`
	Tool          string    `json:"tool"`
	Decision      Decision  `json:"decision"`
	Reason        Reason    `json:"reason"`
	Basis         Basis     `json:"basis"`
	ScopesGranted string    `json:"scopes_granted"`
	ScopesUsed    string    `json:"scopes_used"`
	TargetID      *string   `json:"target_id"`
	TargetSubject *string   `json:"target_subject"` // nil too once erased
	ResultCount   *int64    `json:"result_count"`
	Issuer        string    `json:"issuer"`
	Tenant        string    `json:"tenant"`
	Subject       *string   `json:"subject"` // with the next three, nil too once erased
	ClientID      *string   `json:"client_id"`
	TokenSHA256   Bytes     `json:"token_sha256"`
	TokenID       *string   `json:"token_id"`
	RequestID     string    `json:"request_id"`
	TraceID       *string   `json:"trace_id"`
	DurationUS    int64     `json:"duration_us"`
	Details       *string   `json:"details"` // JSON

	Chain        int64 `json:"chain"`
	ActorSalt    Bytes `json:"actor_salt"`
	ActorCommit  Bytes `json:"actor_commit"` // in place of who acted, once erased
	TargetSalt   Bytes `json:"target_salt"`
	TargetCommit Bytes `json:"target_commit"` // in place of whom it concerned, once erased
	Hash         Hash  `json:"hash"`
}

// Hash is a SHA-256.
type Hash [32]byte

// String returns 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns 64 hexadecimal digits.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return hex.ErrLength
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// Bytes are binary; in JSON they are hexadecimal digits, or null if there are none.
type Bytes []byte

// MarshalJSON returns a string of hexadecimal digits, or null.
func (b Bytes) MarshalJSON() ([]byte, error) {
	if b == nil {
		return []byte("null"), nil
	}
	return json.Marshal(hex.EncodeToString(b))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (b *Bytes) UnmarshalJSON(text []byte) error {
	var digits *string
	err := json.Unmarshal(text, &digits)
	if err != nil || digits == nil {
		*b = nil
		return err
	}
	*b, err = hex.DecodeString(*digits)
	return err
}

// Erased reports whether a person was erased from the row.
func (r *Row) Erased() bool { return r.blanks() > 0 }

// blanks returns how many identities were erased from the row.
func (r *Row) blanks() (n int64) {
	for _, commit := range []Bytes{r.ActorCommit, r.TargetCommit} {
		if commit != nil {
			n++
		}
	}
	return n
}

// saltSize is enough that no two rows share a salt and none is guessed, in bytes.
const saltSize = 16

// NewRow returns the row of an event, which it checks: the next one after the head
// previous, at a time that must not be before that head's. The duration counts to now.
func NewRow(e Event, previous Head, at, now time.Time) (Row, error) {
	if err := e.Check(); err != nil {
		return Row{}, err
	}
	details, err := e.details()
	if err != nil {
		return Row{}, err
	}
	p := &e.Call.Principal
	r := Row{
		Seq: previous.Seq + 1, OccurredAt: at, Event: e.kind(), Tool: e.Tool,
		Decision: e.Decision, Reason: e.Reason, Basis: e.Basis,
		ScopesGranted: p.Scopes.String(), ScopesUsed: e.ScopesUsed.String(),
		TargetID: optional(e.TargetID), Issuer: p.Issuer, Tenant: p.Tenant,
		RequestID: e.Call.RequestID, TraceID: optional(e.Call.TraceID), Details: details,
	}
	if e.ResultCount != nil {
		n := int64(*e.ResultCount)
		r.ResultCount = &n
	}
	if !e.Call.Started.IsZero() {
		r.DurationUS = max(0, now.Sub(e.Call.Started).Microseconds())
	}
	r.identify(p, e.TargetSubject)
	r.Hash = r.HashAfter(previous.Hash)
	return r, nil
}

// identify fills the columns that can be erased. A row without a person needs no salt.
func (r *Row) identify(p *auth.Principal, target string) {
	var salts [2 * saltSize]byte
	rand.Read(salts[:]) // never fails
	if p.Subject != "" {
		r.Subject, r.ClientID, r.TokenID = &p.Subject, &p.ClientID, &p.TokenID
		r.ActorSalt = salts[:saltSize]
	}
	if p.TokenHash != [32]byte{} { // a count is of many tokens
		r.TokenSHA256 = p.TokenHash[:]
	}
	if target != "" {
		r.TargetSubject, r.TargetSalt = &target, salts[saltSize:]
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
