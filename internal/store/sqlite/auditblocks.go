package sqlite

import (
	"context"
	"errors"
	"slices"

	"todomanager/internal/audit"
)

// How many blocks one statement looks into at most: where an index tells, and where each
// block must be looked through.
const (
	maxChunk     = 512
	maxScanChunk = 4
)

// chunks walks the blocks of a span, a few at a time and then more: somebody with many rows
// is found at once, somebody with few in few statements.
type chunks struct {
	rest        span
	newestFirst bool
	size, most  int64
	first, last int64 // blocks of the chunk
}

func (s span) chunks(f audit.Filter, newestFirst bool) *chunks {
	c := &chunks{rest: s, newestFirst: newestFirst, most: maxScanChunk}
	if f.Indexed() {
		c.most = maxChunk
	}
	return c
}

// next moves to the next chunk.
func (c *chunks) next() bool {
	if c.rest.after >= c.rest.last {
		return false
	}
	c.size = min(c.most, max(1, 4*c.size))
	c.first, c.last = (c.rest.after+1)>>blockBits, c.rest.last>>blockBits
	if c.newestFirst {
		c.first = max(c.first, c.last-c.size+1)
		c.rest.last = c.first<<blockBits - 1
	} else {
		c.last = min(c.last, c.first+c.size-1)
		c.rest.after = (c.last+1)<<blockBits - 1
	}
	return true
}

// all are the blocks of the chunk, of which no more is known.
func (c *chunks) all() (list []block) {
	for n := c.first; n <= c.last; n++ {
		list = append(list, block{number: n})
	}
	return list
}

// occupied calls do for each block of a span that may have matching rows, in the order of
// the chunks. The block's rows are counted only where an index tells.
func (r reader) occupied(ctx context.Context, f audit.Filter, s span, newestFirst bool, do func(block) error) error {
	for c := s.chunks(f, newestFirst); c.next(); {
		found := c.all()
		if f.Indexed() {
			var err error
			if found, err = r.found(ctx, f, c, s); err != nil {
				return err
			}
		}
		if newestFirst {
			slices.Reverse(found)
		}
		for _, b := range found {
			if err := do(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// block is a part of the log with rows that match.
type block struct{ number, rows int64 }

// last is the seq of the last row that the block has room for.
func (b block) last() int64 { return b.number<<blockBits + blockSize - 1 }

// found returns the blocks of a chunk that have rows which match, and how many, oldest
// first. Where no index tells, that means looking through them all.
func (r reader) found(ctx context.Context, f audit.Filter, in *chunks, s span) (list []block, err error) {
	c := conditionsOn("block.n", f, s)
	rows, err := r.db.QueryContext(ctx, `WITH RECURSIVE block(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM block WHERE n < ?)
		SELECT n, (SELECT count(*) FROM audit_log `+c.index+` WHERE `+c.where+`) FROM block`, append([]any{in.first, in.last}, c.args...)...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b block
		if err := rows.Scan(&b.number, &b.rows); err != nil {
			return nil, err
		}
		if b.rows > 0 {
			list = append(list, b)
		}
	}
	return list, rows.Err()
}
