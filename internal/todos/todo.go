package todos

import (
	"time"

	"todomanager/internal/auth"
)

// Owner is whose a todo is. The three parts compare byte for byte and are never joined
// into one string: two people are one only if all three are equal.
type Owner struct {
	Issuer, Tenant, Subject string
}

func ownerOf(p auth.Principal) Owner {
	return Owner{Issuer: p.Issuer, Tenant: p.Tenant, Subject: p.Subject}
}

// Todo is one item of a person's list.
type Todo struct {
	ID        string // 13 characters, see [IsID]
	Content   string
	OwnerID   string    // the owner's subject
	CreatedAt time.Time // UTC, whole milliseconds
}
