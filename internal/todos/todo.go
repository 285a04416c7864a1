package todos

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
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

// idAlphabet is RFC 4648 base32 in lower case: no digit looks like a letter in it, and
// models read and repeat it without slips.
const idAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

// idLength is what 64 random bits take: enough that a guess never hits.
const idLength = 13

// NewID returns a fresh random id.
func NewID() string {
	var random [8]byte
	rand.Read(random[:]) // never fails: crypto/rand ends the process rather than return weak bytes
	return base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding).EncodeToString(random[:])
}

// IsID reports whether s has the form of an id of ours. What has not is never looked
// up and never enters the audit log.
func IsID(s string) bool {
	return len(s) == idLength && strings.Trim(s, idAlphabet) == ""
}
