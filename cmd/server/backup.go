package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"todomanager/internal/atomicfile"
	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
)

// backupCommand copies the database while it is served.
type backupCommand struct {
	auditFileFlags

	To string `arg:"" name:"file" help:"Where to put the copy; the file must not exist yet."`
}

// backupManifest is FILE.json beside a copy: what it was when it was made and checked.
type backupManifest struct {
	Version   int        `json:"version"` // 1
	File      string     `json:"file"`
	Bytes     int64      `json:"bytes"`
	SHA256    audit.Hash `json:"sha256"`
	CreatedAt time.Time  `json:"created_at"`
	Schema    int64      `json:"schema_version"`
	LogID     string     `json:"log"`
	HeadSeq   int64      `json:"head_seq"` // of the newest audit row
	Rows      int64      `json:"audit_rows"`
	Signed    int64      `json:"signed_seq"` // of the newest signed head
}

// Run copies, checks the copy, and writes its manifest last: a copy without one is not
// complete.
func (c *backupCommand) Run(ctx context.Context, std stdio) (err error) {
	var e audit.Evidence
	if e.Keys, err = c.keys(""); err != nil {
		return err
	}
	if e.Heads, err = c.headNotes(); err != nil {
		return err
	}
	admin, err := sqlite.OpenAdmin(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	if err := admin.Backup(ctx, c.To, operator()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	m := backupManifest{Version: 1, File: filepath.Base(c.To), CreatedAt: time.Now().UTC().Truncate(time.Second)}
	if err := c.check(ctx, e, &m); err != nil {
		return errors.Join(fmt.Errorf("the copy was removed: %w", err), os.Remove(c.To))
	}
	if m.SHA256, m.Bytes, err = hashFile(c.To); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(c.To+".json", append(text, '\n')); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s: %s, audit log verified up to row %d, signed up to row %d\n", c.To, sizeText(m.Bytes), m.HeadSeq, m.Signed)
	return err
}

// check verifies the copy as audit verify does. Opening it leaves files beside it, which it
// removes.
func (c *backupCommand) check(ctx context.Context, e audit.Evidence, m *backupManifest) error {
	r, schema, err := sqlite.CheckCopy(ctx, c.To, e)
	for _, suffix := range []string{"-wal", "-shm"} {
		if e := os.Remove(c.To + suffix); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if err == nil && r.Fault != nil {
		err = tampered(r.Fault)
	}
	m.Schema, m.LogID, m.HeadSeq, m.Rows = schema, r.LogID, r.LastSeq, r.Rows
	if r.Newest != nil {
		m.Signed = r.Newest.Seq
	}
	return err
}

func hashFile(name string) (sum audit.Hash, size int64, err error) {
	file, err := os.Open(name)
	if err != nil {
		return sum, 0, err
	}
	defer file.Close()
	h := sha256.New()
	size, err = io.Copy(h, file)
	h.Sum(sum[:0])
	return sum, size, err
}
