package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"todomanager/internal/atomicfile"
	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
)

// archiveFlags are what export and prune share.
type archiveFlags struct {
	auditFileFlags

	SegmentRows int64 `default:"100000" placeholder:"N" help:"About how many rows a segment holds (${default})."`
}

// Validate refuses segments without rows.
func (c *archiveFlags) Validate() error {
	if c.SegmentRows < 1 {
		return fmt.Errorf("--segment-rows is %d: use at least 1", c.SegmentRows)
	}
	return nil
}

// archivist puts rows of a log into segments.
type archivist struct {
	flags *archiveFlags
	log   *sqlite.AuditLog
	admin *sqlite.Admin
	chain audit.Chain
	heads []audit.SignedHead
	out   io.Writer
}

// open opens the log, for reading and for changes, and its signed heads, in the database and in the
// file, all of which must be good, and calls do. Whoever can change the database can remove those
// in it.
func (c *archiveFlags) open(ctx context.Context, keys note.Verifiers, out io.Writer, do func(*archivist) error) (err error) {
	a := &archivist{flags: c, out: out}
	e := audit.Evidence{Keys: keys}
	if e.Heads, err = c.headNotes(); err != nil {
		return err
	}
	if a.log, err = sqlite.OpenAuditLog(ctx, c.DB); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.log.Close()) }()
	if a.admin, err = sqlite.OpenAdmin(ctx, c.DB); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.admin.Close()) }()
	if a.chain, a.heads, err = audit.OpenHeads(ctx, a.log, e); err != nil {
		return tampered(err)
	}
	return do(a)
}

// ends are the signed heads at which the rows after one seq, up to another, are cut into segments.
func (a *archivist) ends(after, last int64) []audit.SignedHead {
	return audit.Ends(a.heads, after, last, a.flags.SegmentRows)
}

// write archives the rows after a head, a segment up to each of the ends, and calls done after
// each. It returns where it ended.
func (a *archivist) write(ctx context.Context, to audit.Archive, after audit.Head, ends []audit.SignedHead, done func(audit.Manifest) error) (audit.Head, error) {
	if err := os.MkdirAll(to.Folder, 0o700); err != nil {
		return after, err
	}
	for _, end := range ends {
		m, err := to.Write(ctx, a.log, after, end, a.heads)
		if err != nil {
			return after, tampered(err)
		}
		fmt.Fprintf(a.out, "%s: rows %d to %d\n", filepath.Join(to.Folder, m.File), m.FirstSeq, m.LastSeq)
		if err := done(m); err != nil {
			return after, err
		}
		after = end.Head
	}
	return after, nil
}

// auditExportCommand copies the log to where it is kept.
type auditExportCommand struct {
	archiveFlags

	To         string `required:"" placeholder:"FOLDER" help:"Where to put the segments; created if it does not exist."`
	CursorFile string `placeholder:"FILE" help:"Records how far exports to this folder have got (default: cursor.json in it)."`
	Key        string `placeholder:"FILE|KEY" help:"Public key, or a file of them (default: beside the audit key)."`
	Output     string `short:"o" default:"jsonl" placeholder:"jsonl|csv" help:"Format of the rows (${default}); csv is for spreadsheets and proves nothing."`
}

// Validate refuses unknown forms.
func (c *auditExportCommand) Validate() error {
	return errors.Join(c.archiveFlags.Validate(), oneOf("-o", c.Output, string(audit.FormJSONL), string(audit.FormCSV)))
}

// Run exports what came since the last export, up to the newest signed head.
func (c *auditExportCommand) Run(ctx context.Context, std stdio) error {
	key, _ := c.paths()
	keys, err := publicKeys(c.Key, key+".pub")
	if err != nil {
		return err
	}
	if c.CursorFile == "" {
		c.CursorFile = filepath.Join(c.To, "cursor.json")
	}
	return c.open(ctx, keys, std.out, func(a *archivist) error {
		after, err := c.cursor(ctx, a)
		if err != nil {
			return err
		}
		ends := a.ends(after.Seq, a.chain.Head.Seq)
		if len(ends) == 0 {
			fmt.Fprintf(std.out, "nothing to export after row %d: newer rows, if any, are not covered by a signed head yet; the server signs one every five minutes and when it stops\n", after.Seq)
			return nil
		}
		e := sqlite.Archiving{Operator: operator(), FirstSeq: after.Seq + 1, LastSeq: ends[len(ends)-1].Seq, Form: audit.Form(c.Output)}
		if err := a.admin.RecordExport(e); err != nil {
			return err
		}
		_, err = a.write(ctx, audit.Archive{Folder: c.To, Form: e.Form}, after, ends, func(m audit.Manifest) error {
			return c.keepCursor(audit.Head{LogID: m.LogID, Seq: m.LastSeq, Hash: m.LastHash})
		})
		return err
	})
}

// cursor returns the last row that was exported, which must still be the one it was.
func (c *auditExportCommand) cursor(ctx context.Context, a *archivist) (at audit.Head, err error) {
	text, err := os.ReadFile(c.CursorFile)
	if errors.Is(err, fs.ErrNotExist) {
		return a.chain.Base, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	switch {
	case err != nil:
		return at, fmt.Errorf("--cursor-file %s: %w; put it back, or export to another folder", c.CursorFile, err)
	case at.LogID != a.chain.Base.LogID:
		return at, fmt.Errorf("--cursor-file %s belongs to another log, %s, and this one is %s: export to another folder", c.CursorFile, at.LogID, a.chain.Base.LogID)
	case at.Seq < a.chain.Base.Seq:
		return at, fmt.Errorf("rows %d to %d were pruned since the last export to %s; look for them in the archive of audit prune, then export to another folder", at.Seq+1, a.chain.Base.Seq, c.To)
	}
	holds, err := a.log.Holds(ctx, at)
	if err == nil && !holds {
		err = tampered(&audit.Fault{Seq: at.Seq, Reason: "is not the row that was exported: it, or one before it, was rewritten, or an older copy was put in place; after restore, export to another folder"})
	}
	return at, err
}

func (c *auditExportCommand) keepCursor(at audit.Head) error {
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(c.CursorFile, append(text, '\n'))
}
