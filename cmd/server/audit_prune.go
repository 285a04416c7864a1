package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/config"
	"todomanager/internal/store/sqlite"
)

// auditPruneCommand removes the oldest rows.
type auditPruneCommand struct {
	archiveFlags

	OlderThan since       `placeholder:"TIME" help:"Remove rows older than this: a duration back from now (365d), a date, or an RFC 3339 time."`
	MaxSize   config.Size `placeholder:"SIZE" help:"Remove the oldest rows until the log takes about this much (2GiB)."`
	Archive   string      `placeholder:"FOLDER" help:"Put the rows there first, as signed segments."`
	Discard   bool        `help:"Keep no archive."`
	DryRun    bool        `help:"Only say what would be removed."`
}

// Validate asks for what and where to.
func (c *auditPruneCommand) Validate() error {
	errs := []error{c.archiveFlags.Validate()}
	if c.OlderThan == (since{}) && c.MaxSize == 0 {
		errs = append(errs, errors.New("--older-than and --max-size are missing: say what to remove, for example --older-than 365d"))
	}
	if (c.Archive == "") != c.Discard {
		errs = append(errs, errors.New("give either --archive FOLDER, or --discard to keep no copy"))
	}
	return errors.Join(errs...)
}

// Run verifies and archives the rows, moves the base, then removes them. Each step can be
// repeated: what an interrupted run left over is done by the next.
func (c *auditPruneCommand) Run(ctx context.Context, std stdio) error {
	key, heads := c.paths()
	signer, err := audit.ReadSigner(key)
	if err != nil {
		return err
	}
	return c.open(ctx, signer.Keys(), std.out, func(a *archivist) error {
		cut, err := c.cut(ctx, a)
		if err != nil {
			return err
		}
		base := a.chain.Base
		if c.DryRun && cut.Seq == base.Seq {
			_, err := fmt.Fprintln(std.out, "would remove nothing: no row that may go is followed by a signed head")
			return err
		}
		if c.DryRun {
			fmt.Fprintf(std.out, "would remove %s, %d to %d\n", count(cut.Seq-base.Seq, "row"), base.Seq+1, cut.Seq)
			return nil
		}
		if cut.Seq > base.Seq {
			if err := c.move(ctx, a, signer, cut, audit.HeadsFile(heads)); err != nil {
				return err
			}
		}
		removed, err := a.admin.Prune(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.out, "removed %s; the log begins with row %d\n", count(removed, "row"), cut.Seq+1)
		return nil
	})
}

// cut returns the signed head of the last row that is to go: the last signed one among
// the rows that may go, or the base if there is none.
func (c *auditPruneCommand) cut(ctx context.Context, a *archivist) (cut audit.Head, err error) {
	var last int64
	if before := c.OlderThan.before(time.Now()); !before.IsZero() {
		if last, err = a.log.CutByAge(ctx, before); err != nil {
			return cut, err
		}
	}
	if c.MaxSize > 0 {
		seq, err := a.log.CutBySize(ctx, int64(min(c.MaxSize, 1<<62)))
		if err != nil {
			return cut, err
		}
		last = max(last, seq)
	}
	cut = a.chain.Base
	for _, h := range a.heads {
		if h.EndsSegment() && h.Seq > cut.Seq && h.Seq <= last {
			cut = h.Head
		}
	}
	return cut, nil
}

// move archives and moves the base. Rows that do not verify are neither archived nor
// removed, since they are what shows that somebody changed the log.
func (c *auditPruneCommand) move(ctx context.Context, a *archivist, signer *audit.Signer, cut audit.Head, heads audit.HeadsFile) error {
	p := sqlite.Archiving{Operator: operator(), FirstSeq: a.chain.Base.Seq + 1, LastSeq: cut.Seq}
	to := audit.Archive{Folder: c.Archive, Form: audit.FormJSONL}
	if c.Discard {
		if err := audit.VerifyRange(ctx, a.log, a.chain.Base, a.heads, cut.Seq, func(*audit.Row) error { return nil }); err != nil {
			return tampered(err)
		}
	} else {
		p.Form = to.Form
		end, err := a.write(ctx, to, a.chain.Base, a.ends(a.chain.Base.Seq, cut.Seq), func(audit.Manifest) error { return nil })
		if err != nil {
			return err
		}
		if end != cut {
			return fmt.Errorf("rows up to %d were archived, but those up to %d were to be removed; nothing was removed", end.Seq, cut.Seq)
		}
	}
	if err := heads.Mend(); err != nil { // a crash may have cut one off, and the server not have started since
		return err
	}
	signed, err := a.admin.MoveBase(cut, signer.Base, p)
	if err != nil {
		return err
	}
	return heads.Append(signed.Note())
}
