package audit

import (
	"fmt"
	"time"
)

// Fault is the first thing that is wrong with a log.
type Fault struct {
	Seq    int64  `json:"seq"`    // of the row; 0 if it is not one row's
	Reason string `json:"reason"` // what is wrong, for a person to read
}

func (f *Fault) Error() string {
	if f.Seq == 0 {
		return f.Reason
	}
	return fmt.Sprintf("row %d: %s", f.Seq, f.Reason)
}

// walker checks rows of the chain one after another, from a known place on. It holds
// nothing of the rows.
type walker struct {
	Seq    int64 // of the last row that was checked, at first of the place before all of them
	Hash   Hash  // of that row
	Rows   int64 // how many were checked
	Erased int64 // in how many of these a person was erased
	at     time.Time
}

// next checks the next row. After a fault the walk is over.
func (w *walker) next(r *Row) *Fault {
	switch {
	case r.Seq != w.Seq+1:
		return &Fault{w.Seq + 1, fmt.Sprintf("is missing; the next row is %d", r.Seq)}
	case r.HashAfter(w.Hash) != r.Hash:
		return &Fault{r.Seq, "its columns do not match its hash: a column, the hash, or the order of rows was changed"}
	case r.OccurredAt.Before(w.at):
		return &Fault{r.Seq, "is older than the row before it"}
	}
	if fault := r.identityFault(); fault != nil {
		return fault
	}
	w.Seq, w.Hash, w.at = r.Seq, r.Hash, r.OccurredAt
	w.Rows++
	if r.Erased() {
		w.Erased++
	}
	return nil
}

// identityFault finds what the hash cannot see: a commitment stands for an identity that
// is there too, or an identity without a salt, which nothing commits to.
func (r *Row) identityFault() *Fault {
	named := r.Subject != nil || r.ClientID != nil || r.TokenSHA256 != nil || r.TokenID != nil
	switch {
	case r.ActorCommit != nil && (named || r.ActorSalt != nil):
		return &Fault{r.Seq, "who acted is erased only in part"}
	case named && r.ActorSalt == nil:
		return &Fault{r.Seq, "who acted is not covered by the hash"}
	case r.TargetCommit != nil && (r.TargetSubject != nil || r.TargetSalt != nil):
		return &Fault{r.Seq, "whom it concerns is erased only in part"}
	case r.TargetSubject != nil && r.TargetSalt == nil:
		return &Fault{r.Seq, "whom it concerns is not covered by the hash"}
	}
	return nil
}
