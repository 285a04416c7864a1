package todos

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
	"sync"
	"time"
)

const (
	// idAlphabet is RFC 4648 base32 in lower case: no digit looks like a letter in it, and
	// models read and repeat it without slips.
	idAlphabet = "abcdefghijklmnopqrstuvwxyz234567"
	// idLength is what 64 random bits take.
	idLength = 13
	// idStart is how many random bytes begin all ids of an idSlot.
	idStart = 3
	idSlot  = 20 * time.Millisecond
)

// IDs makes ids for new todos, entirely random. It is safe for concurrent use.
//
// The todos that share a commit have ids with the same beginning, so that in the index that
// finds a todo by its id they are neighbours: some pages change for the commit and not one
// for each todo, from all over a file that may be large. What comes after the beginning is
// enough that no two ids are the same and no guess hits. When the beginning changes is a
// matter of the clock alone: ids must not tell how much others create.
type IDs struct {
	encoding *base32.Encoding

	mu    sync.Mutex
	slot  int64
	start [idStart]byte
}

// NewIDs returns a source of ids.
func NewIDs() *IDs {
	return &IDs{encoding: base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding)}
}

// Next returns a fresh id. It never fails: crypto/rand ends the process rather than return
// weak bytes.
func (s *IDs) Next() string {
	var random [8]byte
	rand.Read(random[idStart:])
	s.begin(random[:idStart])
	return s.encoding.EncodeToString(random[:])
}

// begin puts the beginning of the next id in its place.
func (s *IDs) begin(id []byte) {
	slot := time.Now().UnixNano() / int64(idSlot)
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot != s.slot {
		rand.Read(s.start[:])
		s.slot = slot
	}
	copy(id, s.start[:])
}

// IsID reports whether s has the form of an id of ours. What does not have it is
// never looked up and never enters the audit log.
func IsID(s string) bool {
	return len(s) == idLength && strings.Trim(s, idAlphabet) == ""
}
