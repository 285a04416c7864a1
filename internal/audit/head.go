package audit

import (
	"encoding/base64"
	"errors"
	"slices"
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

// statement is what a signed note says of a head. It begins the first line of the note,
// which makes a signature under anything else useless here, and one under a head useless
// elsewhere.
type statement string

const (
	// saysHead: the rows up to the head were written.
	saysHead statement = "todo-manager/audit/"
	// saysBase: the rows up to the head were pruned on purpose. Any head could stand at the
	// beginning of a log whose first rows somebody removed.
	saysBase statement = "todo-manager/audit-base/"
	// saysRestored: the log goes on from the head, since a backup was put in its place. What
	// was signed before for rows after the head is void.
	saysRestored statement = "todo-manager/audit-restored/"
)

// text is what is signed, in lines: statement and log, seq, hash, time of signing.
func (h Head) text(says statement, at time.Time) string {
	return string(says) + h.LogID + "\n" +
		strconv.FormatInt(h.Seq, 10) + "\n" +
		base64.StdEncoding.EncodeToString(h.Hash[:]) + "\n" +
		at.UTC().Format(time.RFC3339) + "\n"
}

// SignedHead is a head with a good signature under a statement about it.
type SignedHead struct {
	Head
	SignedAt time.Time `json:"signed_at"` // whole seconds; see [Live] for what rests on it
	says     statement
	note     string
}

// Note returns the head as it was signed.
func (h SignedHead) Note() string { return h.note }

// EndsSegment reports whether rows may be archived up to the head: not if it is signed as the base
// of a pruned log, or as what a restoration went back to, for which a segment has no use.
func (h SignedHead) EndsSegment() bool { return h.says == saysHead }

// Live drops the heads that a restoration voided: those signed before it for rows after the
// one it went back to. They are evidence of a history that was given up, not of this log.
// Order is kept.
func Live(heads []SignedHead) []SignedHead {
	live := slices.Clone(heads)
	for _, r := range heads {
		if r.says == saysRestored {
			live = slices.DeleteFunc(live, r.voids)
		}
	}
	return live
}

func (h SignedHead) voids(other SignedHead) bool {
	return other.LogID == h.LogID && other.Seq > h.Seq && other.SignedAt.Before(h.SignedAt)
}

// restorations returns each one once: the database and the file may both have it.
func restorations(heads []SignedHead) (list []Restored) {
	seen := make(map[string]bool)
	for _, r := range heads {
		if r.says != saysRestored || seen[r.note] {
			continue
		}
		seen[r.note] = true
		void := make(map[string]bool)
		for _, h := range heads {
			if r.voids(h) {
				void[h.note] = true
			}
		}
		list = append(list, Restored{r.Seq, r.SignedAt, len(void)})
	}
	return list
}

var errNotHead = errors.New("not a signed head of an audit log")

// parseHead reads what Head.text writes.
func parseHead(text string) (h SignedHead, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 || lines[4] != "" {
		return h, errNotHead
	}
	for _, says := range []statement{saysHead, saysBase, saysRestored} {
		if id, ok := strings.CutPrefix(lines[0], string(says)); ok {
			h.says, h.LogID = says, id
		}
	}
	if h.LogID == "" {
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
	if h.SignedAt, err = time.Parse(time.RFC3339, lines[3]); err != nil || h.text(h.says, h.SignedAt) != text {
		return h, errNotHead
	}
	return h, nil
}

// OpenHead checks a signed head ([note.Open]) against the known keys.
func OpenHead(text string, keys note.Verifiers) (SignedHead, error) {
	opened, err := note.Open([]byte(text), keys)
	if err != nil {
		return SignedHead{}, err
	}
	h, err := parseHead(opened.Text)
	h.note = text
	return h, err
}
