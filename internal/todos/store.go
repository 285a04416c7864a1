package todos

import (
	"context"
	"time"

	"todomanager/internal/audit"
)

// Store keeps todos and the audit log in one database.
type Store interface {
	// Write runs fn in a transaction and returns once it is durable. Calls that come
	// together may share a transaction; what one of them does is undone alone if its fn
	// returns an error or panics.
	//
	// fn runs at most twice, so it must set, not add to, what it captures. After
	// [ErrOutcomeUnknown] it may still be running: its caller must not look at what it
	// captures. Its own error is returned as it is. Other errors are [ErrAuditUnavailable], [ErrOutcomeUnknown],
	// [ErrOverloaded], or [ErrInternal] when fn panicked.
	Write(ctx context.Context, fn func(Tx) error) error

	// List reads a page of todos, oldest first by (CreatedAt, ID): as many as q.Limit, or fewer
	// if these have more than q.MaxBytes of content; it does not read many more bytes.
	List(ctx context.Context, q Query) ([]Todo, error)

	// ReadLog reads at most f.Limit audit rows that the filter selects, newest first. It
	// looks through about scan rows at most, and refuses a filter without an issuer and a
	// tenant.
	ReadLog(ctx context.Context, f audit.Filter, scan int64) (LogRows, error)
}

// Tx is one call's part of a transaction. It must not be used after fn has returned.
type Tx interface {
	// Now is the time of the transaction's group: one value for all that it writes.
	Now() time.Time
	// Blocked reports whether a person's calls are to be refused.
	Blocked(owner Owner) (bool, error)
	// StorageLow reports whether the disk has too little space left for changes.
	StorageLow() bool
	// Count returns how many todos a person has.
	Count(owner Owner) (int64, error)
	// Insert adds a todo of owner.
	Insert(owner Owner, t Todo) error
	// ByID finds a todo of the issuer and tenant, whoever owns it; false if there is none.
	ByID(issuer, tenant, id string) (Todo, bool, error)
	// Delete removes a todo that ByID returned in this transaction.
	Delete(owner Owner, t Todo) error
	// Record appends to the audit log.
	Record(e audit.Event) error
}

// Query selects the todos of one person, or of their whole tenant.
type Query struct {
	Owner       Owner
	WholeTenant bool // everybody's todos under the owner's issuer and tenant
	After       Position
	Limit       int
	MaxBytes    int64 // of content; 0: no bound
}

// LogRows is a part of the audit log.
type LogRows struct {
	Rows    []audit.Row // newest first
	From    int64       // the next page has rows before this seq; 0 if there are none
	Scanned time.Time   // the time of the last row looked at, if the scan limit ended the search; else zero
}

// Position is a place in the order of a list; the zero value is its start.
type Position struct {
	CreatedAt time.Time
	ID        string
}
