package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"todomanager/internal/atomicfile"
	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
)

// restoreCommand puts a copy in place of a database that is not served.
type restoreCommand struct {
	auditFileFlags

	From       string `arg:"" name:"file" help:"The copy that backup made."`
	NoManifest bool   `help:"Accept a copy without FILE.json, made by another program."`
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
	p, err := c.prove(ctx, r.Copy(), logger)
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
	if err := c.swap(ctx, r, signed, kept); err != nil {
		return err
	}
	logger.Info("restoration signed", "log", signed.LogID, "seq", signed.Seq, "note", signed.Note())
	c.tell(ctx, std.out, d, kept)
	return nil
}

// fill copies the file, and compares the copy with the manifest.
func (c *restoreCommand) fill(r *sqlite.Restoration) (sum audit.Hash, err error) {
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
		return sum, fmt.Errorf("the manifest of the copy: %w; put it beside the copy, or use --no-manifest if another program made the copy", err)
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

// proof is what a copy was found to be.
type proof struct {
	signer *audit.Signer
	last   audit.Head         // of the copy
	lost   []audit.SignedHead // signed for rows that the copy does not have
}

// prove verifies the copy as audit verify does, against the heads signed up to its end.
func (c *restoreCommand) prove(ctx context.Context, copied string, logger *slog.Logger) (p proof, err error) {
	key, heads := c.paths()
	var made bool
	if p.signer, made, err = audit.OpenSigner(key); err != nil {
		return p, err
	}
	if err := p.signer.Publish(); err != nil {
		return p, err
	}
	if made {
		logger.Warn("there was no audit key, so a new one was made: what the old one signed can only be verified with its public key", "file", key, "public_key", p.signer.Public())
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
		err = exitError{exitTampered, fmt.Errorf("the audit log of the copy does not verify, so nothing was restored: %w; take another copy. Public keys must all be in %s.pub. Heads signed since an earlier restoration do not agree with a copy from before it: to restore such a copy, move %s away", report.Fault, key, heads)}
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
// The statement comes before that: a crash in between leaves heads that prove less. The log that is
// still there verifies then if the copy is an older state of it, as it mostly is; else restoring
// again fixes that.
func (c *restoreCommand) swap(ctx context.Context, r *sqlite.Restoration, signed audit.SignedHead, kept string) error {
	if err := r.Keep(ctx, kept); err != nil {
		return err // before heads are made void for nothing
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
	if err := audit.HeadsFile(heads).Append(signed.Note()); err != nil {
		return err
	}
	return r.Swap(ctx)
}
