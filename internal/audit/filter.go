package audit

import "time"

// Filter selects rows. A zero field matches everything; the others must all match,
// exactly.
type Filter struct {
	Since, Until time.Time // rows at or after, and before
	AfterSeq     int64     // rows with a higher seq
	BeforeSeq    int64     // rows with a lower seq; 0: no bound

	Issuer      string
	Tenant      *string // nil matches everything, the empty string the issuer's own tenant
	Subject     string  // who acted; means one person only together with an issuer and tenant
	ClientID    string
	TokenSHA256 Bytes
	Event       Kind
	Tool        string
	TargetID    string
	Decision    Decision
	Reason      Reason
	RequestID   string

	Limit int64 // the newest so many of the matching rows; 0 or less means all
}

// Indexed reports whether the matching rows are found without looking through others.
func (f Filter) Indexed() bool { return f.Subject != "" || f.TargetID != "" || f.RequestID != "" }

// Narrow reports whether rows must be looked at to know whether they match: whether there
// is any condition but on time and seq.
func (f Filter) Narrow() bool {
	return f.Indexed() || f.Issuer != "" || f.Tenant != nil || f.ClientID != "" || f.TokenSHA256 != nil || f.Event != "" ||
		f.Tool != "" || f.Decision != "" || f.Reason != ""
}
