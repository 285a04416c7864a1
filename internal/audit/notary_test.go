package audit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"todomanager/internal/audit"
)

// fakeLog is a log without rows: heads that a test sets.
type fakeLog struct {
	mu    sync.Mutex
	head  audit.Head
	notes []string
	seqs  []int64
	due   chan struct{}
	err   error
	holds bool
}

func newFakeLog() *fakeLog {
	return &fakeLog{head: audit.Head{LogID: "log"}, due: make(chan struct{}, 1), holds: true}
}

func (l *fakeLog) grow(rows int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head.Seq += rows
	l.head.Hash[0]++
}

func (l *fakeLog) Checkpoint(_ context.Context, sign audit.Sign) (signed audit.SignedHead, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return signed, false, l.err
	}
	if n := len(l.seqs); n > 0 && l.seqs[n-1] == l.head.Seq || l.head.Seq == 0 {
		return signed, false, nil
	}
	signed, err = sign(l.head, time.Now())
	l.notes, l.seqs = append(l.notes, signed.Note()), append(l.seqs, l.head.Seq)
	return signed, err == nil, err
}

func (l *fakeLog) Notes(context.Context) (notes []string, err error) {
	return slices.Clone(l.notes), l.err
}

func (l *fakeLog) SignDue() <-chan struct{}                        { return l.due }
func (l *fakeLog) Holds(context.Context, audit.Head) (bool, error) { return l.holds, nil }
func (l *fakeLog) signed() int                                     { l.mu.Lock(); defer l.mu.Unlock(); return len(l.notes) }

// desk is a notary with its files.
type desk struct {
	*audit.Notary
	signer *audit.Signer
	heads  audit.HeadsFile
	log    bytes.Buffer
}

func newDesk(t *testing.T, log audit.Log) *desk {
	t.Helper()
	dir := t.TempDir()
	d := &desk{heads: audit.HeadsFile(filepath.Join(dir, "heads"))}
	var err error
	if d.signer, _, err = audit.OpenSigner(filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	d.Notary = audit.NewNotary(log, d.signer, d.heads, slog.New(slog.NewTextHandler(&d.log, nil)))
	return d
}

// kept returns the seqs in the file of heads.
func (d *desk) kept(t *testing.T) (seqs []int64) {
	t.Helper()
	keys, err := audit.ParseKeys(d.signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	heads, err := d.heads.Read(keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heads {
		seqs = append(seqs, h.Seq)
	}
	return seqs
}

// TestNotaryRuns: at the start, every five minutes, and when rows are due; and a head that
// was signed is not signed again.
func TestNotaryRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newFakeLog()
		log.grow(3)
		d := newDesk(t, log)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); d.Run(ctx) }()

		want := func(n int, when string) {
			t.Helper()
			synctest.Wait()
			if got := log.signed(); got != n {
				t.Errorf("%s: %d signed heads, want %d", when, got, n)
			}
		}
		want(1, "at the start")
		time.Sleep(6 * time.Minute)
		want(1, "without new rows")
		log.grow(1)
		want(1, "a row later")
		time.Sleep(5 * time.Minute)
		want(2, "five minutes later")
		log.grow(1000)
		log.due <- struct{}{}
		want(3, "when rows are due")
		cancel()
		<-done
		log.grow(1)
		d.sign(t)
		if got := d.kept(t); len(got) != 4 || got[0] != 3 || got[3] != 1005 {
			t.Errorf("the file has heads %v", got)
		}
		if n := strings.Count(d.log.String(), "audit head signed"); n != 4 {
			t.Errorf("%d heads in the log, want 4", n)
		}
	})
}

// TestNotaryGoesOn: a head that could not be signed is reported and signed later.
func TestNotaryGoesOn(t *testing.T) {
	log := newFakeLog()
	log.grow(1)
	log.err = errors.New("disk on fire")
	d := newDesk(t, log)
	d.start(t)
	if !strings.Contains(d.log.String(), "disk on fire") || len(d.kept(t)) != 0 {
		t.Errorf("kept %v, log: %s", d.kept(t), &d.log)
	}
	if err := d.Sign(t.Context()); !errors.Is(err, log.err) {
		t.Errorf("the last one of all: %v", err)
	}
	log.err = nil
	d.sign(t)
	if got := d.kept(t); len(got) != 1 {
		t.Errorf("kept %v", got)
	}
}

func (d *desk) sign(t *testing.T) {
	t.Helper()
	if err := d.Sign(t.Context()); err != nil {
		t.Error(err)
	}
}

// start runs a notary for its first look alone.
func (d *desk) start(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d.Run(ctx)
}

// newDeskWithHeads has signed rows 10, 20 and 30, of which the last is the head.
func newDeskWithHeads(t *testing.T) *desk {
	t.Helper()
	log := newFakeLog()
	d := newDesk(t, log)
	for range 3 {
		log.grow(10)
		d.sign(t)
	}
	return d
}

// TestHeadsFileIsCompleted: what a crash kept from the file, or cut off in it, is there
// after the next start, once.
func TestHeadsFileIsCompleted(t *testing.T) {
	d := newDeskWithHeads(t)
	whole, err := os.ReadFile(string(d.heads))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(string(d.heads), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		d.log.Reset()
		d.start(t)
		now, err := os.ReadFile(string(d.heads))
		if err != nil || !bytes.Equal(now, whole) {
			t.Fatalf("cut at %d of %d: %v\n%s\nlog: %s", cut, len(whole), err, now, &d.log)
		}
		if strings.Contains(d.log.String(), "level=ERROR") || strings.Contains(d.log.String(), "level=WARN") {
			t.Errorf("cut at %d: %s", cut, &d.log)
		}
	}
}

// TestHoleInHeadsFile: a head that is not the newest that is missing is added, too.
func TestHoleInHeadsFile(t *testing.T) {
	d := newDeskWithHeads(t)
	notes, err := d.heads.Notes()
	if err == nil {
		err = os.WriteFile(string(d.heads), []byte(notes[0]+"\n"+notes[2]+"\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d.start(t)
		if got := d.kept(t); !slices.Equal(got, []int64{10, 30, 20}) {
			t.Errorf("the file has heads %v", got)
		}
	}
}

// TestOlderDatabaseIsTold: an operator hears at the start that the database is not what
// was signed.
func TestOlderDatabaseIsTold(t *testing.T) {
	log := newFakeLog()
	log.grow(1)
	d := newDesk(t, log)
	d.sign(t)
	log.holds = false
	d.start(t)
	if !strings.Contains(d.log.String(), "level=ERROR") || !strings.Contains(d.log.String(), "older copy") {
		t.Errorf("log: %s", &d.log)
	}
}

// TestKeys: a key is made once, private to its user; its public half is beside it, and
// those of earlier keys stay.
func TestKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	first, made, err := audit.OpenSigner(file)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	if err := errors.Join(first.Publish(), first.Publish()); err != nil { // the second time does nothing
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	again, made, err := audit.OpenSigner(file)
	if err != nil || made || again.Public() != first.Public() {
		t.Errorf("made %v, %v: %s then %s", made, err, first.Public(), again.Public())
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	second, _, err := audit.OpenSigner(file)
	if err != nil || second.Public() == first.Public() {
		t.Fatal(err)
	}
	if err := second.Publish(); err != nil {
		t.Fatal(err)
	}
	keys, err := audit.ReadKeys(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []note.Verifiers{first.Keys(), second.Keys(), keys} {
		signed, err := first.Head(audit.Head{LogID: "log"}, time.Unix(1_800_000_000, 0))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := audit.OpenHead(signed.Note(), known); err != nil {
			t.Errorf("what the first key signed is not taken: %v", err)
		}
	}
	for _, signer := range []*audit.Signer{first, second} {
		head := audit.Head{LogID: "log", Seq: 7, Hash: audit.Hash{1}}
		signed, err := signer.Head(head, time.Unix(1_800_000_000, 0))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := audit.OpenHead(signed.Note(), keys)
		if err != nil || opened.Head != head || opened.SignedAt.Unix() != 1_800_000_000 {
			t.Errorf("%+v, %v", opened, err)
		}
		for i := range len(signed.Note()) - 3 { // whatever byte is changed; the last ones have bits that mean nothing
			forged := []byte(signed.Note())
			forged[i] ^= 1
			if _, err := audit.OpenHead(string(forged), keys); err == nil {
				t.Errorf("a head with byte %d changed is taken: %s", i, forged)
			}
		}
	}
	for _, text := range []string{"", "PRIVATE+KEY+x", first.Public()} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := audit.OpenSigner(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("key %q: %v", text, err)
		}
	}
}
