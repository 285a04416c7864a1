package sqlite

import (
	"strings"

	"todomanager/internal/audit"
)

// A block is so many rows of the log, as in the schema: its indexes are one for each block.
// Work on the log goes block by block.
const (
	blockBits = 12
	blockSize = 1 << blockBits
)

// condition is a WHERE clause over audit_log. sqlc has only queries of fixed text, and one
// with every filter in it ("? IS NULL OR subject = ?") can use no index.
type condition struct {
	index string // INDEXED BY ..., so that no statistics lead elsewhere
	where string // constant text
	args  []any  // every value
}

// conditions selects the rows of one block that are in a span and match f.
func conditions(f audit.Filter, block int64, s span) condition {
	c := condition{index: "NOT INDEXED", where: "seq > ? AND seq <= ?"}
	c.args = []any{max(s.after, block<<blockBits-1), min(s.last, (block+1)<<blockBits-1)}
	if f.Indexed() {
		c.add("seq >> 12 = ?", block)
	}
	c.matching(f)
	return c
}

// conditionsOn selects the same of the block that a statement has in a column.
func conditionsOn(block string, f audit.Filter, s span) condition {
	c := condition{index: "NOT INDEXED", where: "seq BETWEEN max(" + block + " << 12, ?) AND min((" + block + " << 12) + 4095, ?)"}
	c.args = []any{s.after + 1, s.last}
	if f.Indexed() {
		c.where += " AND seq >> 12 = " + block
	}
	c.matching(f)
	return c
}

// matching adds what f says of other columns than seq.
func (c *condition) matching(f audit.Filter) {
	c.indexed("audit_log_by_subject", "subject", f.Subject)
	c.indexed("audit_log_by_target", "target_id", f.TargetID)
	c.indexed("audit_log_by_request", "request_id", f.RequestID)
	c.indexed("audit_log_by_target_subject", "target_subject", f.TargetSubject)
	c.equal("issuer", f.Issuer)
	if f.Tenant != nil {
		c.add("tenant = ?", *f.Tenant)
	}
	c.equal("client_id", f.ClientID)
	if len(f.Tokens) > 0 {
		c.where += " AND token_sha256 IN (?" + strings.Repeat(", ?", len(f.Tokens)-1) + ")"
		for _, hash := range f.Tokens {
			c.args = append(c.args, hash[:])
		}
	}
	c.equal("event", string(f.Event))
	c.equal("tool", f.Tool)
	c.equal("decision", string(f.Decision))
	c.equal("reason", string(f.Reason))
}

// indexed adds a condition on a column that has an index. The last one is the one used.
func (c *condition) indexed(index, column, value string) {
	if value != "" {
		c.index = "INDEXED BY " + index
		c.equal(column, value)
	}
}

// ledTo selects the rows that the index leads to which conditions uses for f, whether or
// not they match the rest of f. Without one that is every row.
func ledTo(f audit.Filter) audit.Filter {
	switch {
	case f.TargetSubject != "":
		return audit.Filter{TargetSubject: f.TargetSubject}
	case f.RequestID != "":
		return audit.Filter{RequestID: f.RequestID}
	case f.TargetID != "":
		return audit.Filter{TargetID: f.TargetID}
	default:
		return audit.Filter{Subject: f.Subject}
	}
}

func (c *condition) equal(column, value string) {
	if value != "" {
		c.add(column+" = ?", value)
	}
}

func (c *condition) add(text string, value any) {
	c.where += " AND " + text
	c.args = append(c.args, value)
}
