package audit

import "time"

// Filter selects rows. A zero field matches everything; the others must all match,
// exactly.
type Filter struct {
	Since, Until time.Time // rows at or after, and before
	AfterSeq     int64     // rows with a higher seq
	BeforeSeq    int64     // rows with a lower seq; 0: no bound

	Issuer        string
	Tenant        *string // nil matches everything, the empty string the issuer's own tenant
	Subject       string  // who acted; means one person only together with an issuer and tenant
	ClientID      string
	Tokens        []Hash // any of these in token_sha256
	Event         Kind
	Tool          string
	TargetID      string
	TargetSubject string // whom the event concerns
	Decision      Decision
	Reason        Reason
	RequestID     string

	Limit    int64         // the newest so many of the matching rows; 0 or less means all
	ScanTime time.Duration // with a limit: how long to look through rows for it; 0 means to the end
}

// Seen is the part of the log that was looked at for a filter: From <= seq <= To.
type Seen struct {
	From, To int64
	Stopped  bool // ScanTime ended the search at From: there may be matching rows before it
}

// Indexed reports whether the matching rows are found without looking through others.
func (f Filter) Indexed() bool {
	return f.Subject != "" || f.TargetID != "" || f.RequestID != "" || f.TargetSubject != ""
}

// Narrow reports whether a row must be read to know whether it matches: whether there is
// any condition besides those on time and seq.
func (f Filter) Narrow() bool {
	return f.Indexed() || f.Issuer != "" || f.Tenant != nil || f.ClientID != "" || f.Tokens != nil || f.Event != "" ||
		f.Tool != "" || f.Decision != "" || f.Reason != ""
}
