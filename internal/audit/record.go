package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// recordVersion is the version of the form below. A row that needs further columns
// gets a new one; the old rows keep theirs.
const recordVersion = 1

// HashAfter computes the row's hash as the successor of a row with the given hash, from
// its columns alone: what [Row.Hash] must be. docs/audit-format.md describes the form
// for other programs.
//
// The record is a JSON object in the canonical form of RFC 8785. It holds commitments
// in place of identities, so that a person can be erased without breaking the chain.
// The zero byte makes the hash a leaf hash of RFC 6962, should the log become a tree.
func (r *Row) HashAfter(previous Hash) Hash {
	b := make(object, 1, 1024)
	b = append(b, '{')
	b = b.hex("actor_commit", r.actorCommitment())
	b = b.text("basis", string(r.Basis))
	b = b.number("chain", r.Chain)
	b = b.text("decision", string(r.Decision))
	b = b.optional("details", r.Details)
	b = b.number("duration_us", r.DurationUS)
	b = b.text("event", string(r.Event))
	b = b.text("issuer", r.Issuer)
	b = b.number("occurred_at", r.OccurredAt.UnixMilli())
	b = b.hex("prev_hash", previous[:])
	b = b.text("reason", string(r.Reason))
	b = b.text("request_id", r.RequestID)
	if r.ResultCount == nil {
		b = b.null("result_count")
	} else {
		b = b.number("result_count", *r.ResultCount)
	}
	b = b.text("scopes_granted", r.ScopesGranted)
	b = b.text("scopes_used", r.ScopesUsed)
	b = b.number("seq", r.Seq)
	b = b.hex("target_commit", r.targetCommitment())
	b = b.optional("target_id", r.TargetID)
	b = b.text("tenant", r.Tenant)
	b = b.text("tool", r.Tool)
	b = b.optional("trace_id", r.TraceID)
	b = b.number("v", recordVersion)
	return sha256.Sum256(b.end())
}

// actorCommitment returns the commitment to who acted, nil if the row names nobody.
func (r *Row) actorCommitment() []byte {
	if r.ActorCommit != nil || r.ActorSalt == nil {
		return r.ActorCommit
	}
	b := make(object, 0, 512)
	b = append(append(b, r.ActorSalt...), '{')
	b = b.optional("client_id", r.ClientID)
	b = b.optional("subject", r.Subject)
	b = b.optional("token_id", r.TokenID)
	b = b.hex("token_sha256", r.TokenSHA256)
	sum := sha256.Sum256(b.end())
	return sum[:]
}

// targetCommitment returns the commitment to whom the event concerns, nil if to nobody.
func (r *Row) targetCommitment() []byte {
	if r.TargetCommit != nil || r.TargetSalt == nil {
		return r.TargetCommit
	}
	b := make(object, 0, 256)
	b = append(append(b, r.TargetSalt...), '{')
	b = b.optional("target_subject", r.TargetSubject)
	sum := sha256.Sum256(b.end())
	return sum[:]
}

// EraseActor puts the commitment in the place of who acted. It reports whether there
// was anybody.
func (r *Row) EraseActor() bool {
	if r.ActorSalt == nil {
		return false
	}
	r.ActorCommit = r.actorCommitment()
	r.Subject, r.ClientID, r.TokenSHA256, r.TokenID, r.ActorSalt = nil, nil, nil, nil, nil
	return true
}

// EraseTarget does the same for whom the event concerns.
func (r *Row) EraseTarget() bool {
	if r.TargetSalt == nil {
		return false
	}
	r.TargetCommit = r.targetCommitment()
	r.TargetSubject, r.TargetSalt = nil, nil
	return true
}

// object is a JSON object under construction, in the form of RFC 8785: the caller adds
// members in the order of their names.
type object []byte

func (b object) key(name string) object {
	return append(append(append(b, '"'), name...), '"', ':')
}

// end closes the object in place of the comma after its last member.
func (b object) end() []byte {
	b[len(b)-1] = '}'
	return b
}

func (b object) null(name string) object { return append(b.key(name), "null,"...) }

func (b object) number(name string, n int64) object {
	return append(strconv.AppendInt(b.key(name), n, 10), ',')
}

func (b object) hex(name string, value []byte) object {
	if value == nil {
		return b.null(name)
	}
	b = append(b.key(name), '"')
	return append(hex.AppendEncode(b, value), '"', ',')
}

func (b object) optional(name string, value *string) object {
	if value == nil {
		return b.null(name)
	}
	return b.text(name, *value)
}

// text escapes what RFC 8785 section 3.2.2.2 says and nothing else. Bytes that are not
// UTF-8 stay as they are: no two texts have one form.
func (b object) text(name, value string) object {
	b = append(b.key(name), '"')
	for i := range len(value) {
		switch c := value[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ':
			b = append(b, c)
		default:
			b = control(b, c)
		}
	}
	return append(b, '"', ',')
}

func control(b object, c byte) object {
	switch c {
	case '\b':
		return append(b, `\b`...)
	case '\t':
		return append(b, `\t`...)
	case '\n':
		return append(b, `\n`...)
	case '\f':
		return append(b, `\f`...)
	case '\r':
		return append(b, `\r`...)
	}
	return append(b, '\\', 'u', '0', '0', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
}
