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

// restoreCommand puts a copy in place of a database that is not served.
type restoreCommand struct {
	auditFileFlags

	From       string `arg:"" name:"file" help:"The copy that backup made."`
	NoManifest bool   `help:"Do not compare with FILE.json: for a copy that backup did not make."`
}

// Run does nearly everything that can fail on the copy alone, before it touches what is there.
func (c *restoreCommand) Run(ctx context.Context, std stdio) (err error) {
	logger, err := std.logger("info")
	if err != nil {
		return err
	}
	r, err := sqlite.BeginRestoration(c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	d := sqlite.Restored{Operator: operator()}
	if d.SHA256, err = c.fill(r); err != nil {
		return err
	}
	if err := r.Upgrade(ctx, logger); err != nil {
		return err
	}
	p, err := c.prove(ctx, r.Copy())
	if err != nil {
		return err
	}
	if err := r.SameSchema(ctx); err != nil {
		return err
	}
	d.LastSeq, d.LostSeq = p.last.Seq, max(p.lostSeq(), c.headSeq(ctx, p.last.LogID))
	signed, err := r.Record(ctx, p.sign, d)
	if err != nil {
		return err
	}
	kept := r.Kept(time.Now())
	if err := c.swap(ctx, r, p, kept); err != nil {
		return err
	}
	if p.newKey {
		key, _ := c.paths()
		logger.Warn("there was no audit key, so a new one was made: what the old one signed can only be verified with its public key", "file", key, "public_key", p.signer.Public())
	}
	logger.Info("restoration signed", "log", signed.LogID, "seq", signed.Seq, "note", signed.Note())
	c.tell(ctx, std.out, d, kept)
	return c.announce(signed)
}

// fill copies the file, and compares the copy with the manifest.
func (c *restoreCommand) fill(r *sqlite.Restoration) (sum audit.Hash, err error) {
	if err := c.alone(); err != nil {
		return sum, err
	}
	file, err := os.Open(c.From)
	if err != nil {
		return sum, err
	}
	defer file.Close()
	h := sha256.New()
	if err := r.Fill(io.TeeReader(file, h)); err != nil {
		return sum, fmt.Errorf("copy %s: %w", c.From, err)
	}
	h.Sum(sum[:0])
	if c.NoManifest {
		return sum, nil
	}
	text, err := os.ReadFile(c.From + ".json")
	if err != nil {
		return sum, fmt.Errorf("the manifest of the copy: %w; put it beside the copy, or use --no-manifest if the copy was not made by backup", err)
	}
	var m backupManifest
	if err := json.Unmarshal(text, &m); err != nil || m.Version != 1 {
		return sum, fmt.Errorf("%s.json is not a manifest of a known version; take another copy", c.From)
	}
	if sum != m.SHA256 {
		return sum, fmt.Errorf("%s has changed since it was made: its SHA-256 differs from its manifest's; take another copy", c.From)
	}
	return sum, nil
}

// alone refuses a file that has changes beside it which are not in it yet, as after a crash or
// when a program has it open: what is copied is the file alone.
func (c *restoreCommand) alone() error {
	file, err := filepath.EvalSymlinks(c.From)
	if err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(file + suffix); err == nil && info.Size() > 0 {
			return fmt.Errorf("%s%s has changes that are not in %s yet: make a copy with backup and restore that, or have them put into it (sqlite3 %s 'PRAGMA wal_checkpoint(TRUNCATE); PRAGMA quick_check') and say --no-manifest", file, suffix, c.From, file)
		}
	}
	return nil
}

// proof is what a copy was found to be.
type proof struct {
	signer *audit.Signer
	newKey bool               // which is not saved yet
	last   audit.Head         // of the copy
	lost   []audit.SignedHead // signed for rows that the copy does not have
}

// prove verifies the copy as audit verify does, against the heads signed up to its end.
func (c *restoreCommand) prove(ctx context.Context, copied string) (p proof, err error) {
	key, heads := c.paths()
	if p.signer, p.newKey, err = audit.PrepareSigner(key); err != nil {
		return p, err
	}
	known, err := audit.HeadsFile(heads).Read(p.signer.Keys())
	if err != nil {
		return p, fmt.Errorf("%w; the file must belong to this log: name it with --audit-heads, or move it away", err)
	}
	if p.last, err = lastOf(ctx, copied); err != nil {
		return p, err
	}
	e := audit.Evidence{Keys: p.signer.Keys()}
	for _, h := range audit.Live(known) {
		switch {
		case h.LogID != p.last.LogID:
			return p, fmt.Errorf("the copy is of log %s, and %s has heads of log %s: name the database that the copy is of with --db, or move the file away", p.last.LogID, heads, h.LogID)
		case h.Seq > p.last.Seq:
			p.lost = append(p.lost, h)
		default:
			e.Heads = append(e.Heads, h.Note())
		}
	}
	report, _, err := sqlite.CheckCopy(ctx, copied, e)
	if err == nil && report.Fault != nil {
		var fault error = report.Fault
		if p.newKey {
			fault = fmt.Errorf("%w (there is no audit key at %s: if it is elsewhere, name it with --audit-key or --config)", fault, key)
		}
		err = exitError{exitTampered, fmt.Errorf("the audit log of the copy does not verify, so nothing was restored: %w; take another copy. Public keys must all be in %s.pub. Heads signed since an earlier restoration do not agree with a copy from before it: to restore such a copy, move %s away", fault, key, heads)}
	}
	return p, err
}

// lastOf returns the head of a log.
func lastOf(ctx context.Context, path string) (audit.Head, error) {
	log, err := sqlite.OpenAuditLog(ctx, path)
	if err != nil {
		return audit.Head{}, err
	}
	chain, err := log.Chain(ctx)
	return chain.Head, errors.Join(err, log.Close())
}

// headSeq returns the last row of the database that is there, if it can be read and is of
// the same log.
func (c *restoreCommand) headSeq(ctx context.Context, logID string) int64 {
	if head, err := lastOf(ctx, c.DB); err == nil && head.LogID == logID {
		return head.Seq
	}
	return 0
}

func (p proof) lostSeq() (last int64) {
	for _, h := range p.lost {
		last = max(last, h.Seq)
	}
	return last
}

// sign makes the statement of a time after all that it makes void.
func (p proof) sign(h audit.Head, at time.Time) (audit.SignedHead, error) {
	for _, lost := range p.lost {
		if next := lost.SignedAt.Add(time.Second); at.Before(next) {
			at = next
		}
	}
	return p.signer.Restored(h, at)
}

// swap keeps what is there under another name, with its heads, and puts the copy in place.
func (c *restoreCommand) swap(ctx context.Context, r *sqlite.Restoration, p proof, kept string) error {
	if err := r.Keep(ctx, kept); err != nil {
		return err
	}
	if err := p.signer.Save(); err != nil { // what is refused leaves no new key
		return err
	}
	if err := p.signer.Publish(); err != nil {
		return err
	}
	_, heads := c.paths()
	if err := audit.HeadsFile(heads).Mend(); err != nil {
		return err
	}
	text, err := os.ReadFile(heads)
	if err == nil {
		err = atomicfile.WriteBytes(kept+".audit-heads", text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return r.Swap(ctx)
}

// announce adds the statement to the file of heads. It comes last: while the log that was there is in
// place, the statement would make heads and the base of it void that nothing else proves. The
// copy in its place has the statement itself, so a crash in between costs nothing.
func (c *restoreCommand) announce(signed audit.SignedHead) error {
	_, heads := c.paths()
	if err := audit.HeadsFile(heads).Append(signed.Note()); err != nil {
		return fmt.Errorf("the copy is in place, and only the statement about that could not be added to %s: %w. Do not restore again: the server adds it when it starts and can write the file", heads, err)
	}
	return nil
}
