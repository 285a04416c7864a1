package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Head is the end of the chain at some time: it stands for every row up to Seq.
type Head struct {
	LogID string `json:"log"`  // of the log that it is the head of
	Seq   int64  `json:"seq"`  // of its last row; 0 for a log without rows
	Hash  Hash   `json:"hash"` // of that row
}

// originPrefix begins the first line of a signed head. It makes a signature under
// anything else useless here, and one under a head useless elsewhere. basePrefix says
// further that the rows up to the head were pruned on purpose: any head could stand at
// the beginning of a log whose first rows somebody removed.
const (
	originPrefix = "todo-manager/audit/"
	basePrefix   = "todo-manager/audit-base/"
)

// text is what is signed, in lines: origin and log, seq, hash, time of signing.
func (h Head) text(origin string, at time.Time) string {
	return origin + h.LogID + "\n" +
		strconv.FormatInt(h.Seq, 10) + "\n" +
		base64.StdEncoding.EncodeToString(h.Hash[:]) + "\n" +
		at.UTC().Format(time.RFC3339) + "\n"
}

// SignedHead is a head whose signature was checked.
type SignedHead struct {
	Head
	SignedAt time.Time `json:"signed_at"`
	Base     bool      `json:"-"` // signed as the base of a log that was pruned up to here
	note     string    // as it was signed
}

var errNotHead = errors.New("not a signed head of an audit log")

// parseHead reads what Head.text writes.
func parseHead(text string) (h SignedHead, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 || lines[4] != "" {
		return h, errNotHead
	}
	origin, isHead := originPrefix, false
	if h.LogID, h.Base = strings.CutPrefix(lines[0], basePrefix); h.Base {
		origin = basePrefix
	} else if h.LogID, isHead = strings.CutPrefix(lines[0], originPrefix); !isHead {
		return h, errNotHead
	}
	if h.Seq, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return h, errNotHead
	}
	hash, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(hash) != len(h.Hash) {
		return h, errNotHead
	}
	h.Hash = Hash(hash)
	if h.SignedAt, err = time.Parse(time.RFC3339, lines[3]); err != nil || h.text(origin, h.SignedAt) != text {
		return h, errNotHead
	}
	return h, nil
}

// OpenHead checks a signed head ([note.Open]) against the known keys.
func OpenHead(text string, keys note.Verifiers) (SignedHead, error) {
	opened, err := note.Open([]byte(text), keys)
	if err != nil {
		return SignedHead{}, fmt.Errorf("a signed head: %w", err)
	}
	h, err := parseHead(opened.Text)
	h.note = text
	return h, err
}
