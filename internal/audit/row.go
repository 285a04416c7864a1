package audit

import "time"

// Row is one stored event, as operators read it. The JSON names are the column names
// of the table.
type Row struct {
	Seq           int64     `json:"seq"` // from 1, without gaps
	OccurredAt    time.Time `json:"occurred_at"`
	Event         string    `json:"event"`
	Tool          string    `json:"tool"`
	Decision      Decision  `json:"decision"`
	Reason        Reason    `json:"reason"`
	Basis         Basis     `json:"basis"`
	ScopesGranted string    `json:"scopes_granted"`
	ScopesUsed    string    `json:"scopes_used"`
	TargetID      *string   `json:"target_id"`
	TargetSubject *string   `json:"target_subject"`
	ResultCount   *int64    `json:"result_count"`
	Issuer        string    `json:"issuer"`
	Tenant        string    `json:"tenant"`
	Subject       *string   `json:"subject"`   // nil once the person was erased
	ClientID      *string   `json:"client_id"` // nil once the person was erased
	TokenSHA256   string    `json:"token_sha256"`
	TokenID       string    `json:"token_id"`
	RequestID     string    `json:"request_id"`
	DurationUS    int64     `json:"duration_us"`
}

// ToolCall is the event column of a tools/call.
const ToolCall = "tool.call"

// Filter selects rows. A zero field matches everything.
type Filter struct {
	Since    time.Time // rows at or after this time
	Issuer   string    // exact
	Subject  string    // exact; means one person only together with an issuer
	Tool     string    // exact
	Decision Decision
	Limit    int64 // the newest so many of the matching rows; 0 or less means all
}
