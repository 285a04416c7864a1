package sqlite_test

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// diskRig is the service on a store whose disk and clock are the test's.
type diskRig struct {
	*rig
	free   atomic.Uint64
	least  atomic.Uint64 // what must be free
	broken atomic.Bool   // whether the free space cannot be told
	looks  atomic.Int64
	now    atomic.Int64 // milliseconds since the start
	log    lines
}

func newDiskRig(t *testing.T, minFree uint64) *diskRig {
	t.Helper()
	d := &diskRig{rig: &rig{T: t, faults: new(faults), path: filepath.Join(t.TempDir(), "todos.db")}}
	d.least.Store(minFree)
	start := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	logger := slog.New(slog.NewTextHandler(&d.log, nil))
	d.store = open(t, sqlite.Options{
		Path: d.path, Logger: logger, MinFree: d.least.Load,
		Now: func() time.Time { return start.Add(time.Duration(d.now.Load()) * time.Millisecond) },
		Free: func(folder string) (uint64, error) {
			d.looks.Add(1)
			if folder != filepath.Dir(d.path) {
				t.Errorf("asked for the space of %s", folder)
			}
			if d.broken.Load() {
				return 0, errors.New("no such device")
			}
			return d.free.Load(), nil
		},
	})
	var err error
	if d.service, err = todos.NewService(todos.Options{Store: d.store, Logger: logger}); err != nil {
		t.Fatal(err)
	}
	return d
}

// wait lets time pass.
func (d *diskRig) wait(t time.Duration) { d.now.Add(t.Milliseconds()) }

// create adds a todo of alice's and returns its id.
func (d *diskRig) create() (string, error) {
	shown, err := creates("alice", "x", todos.ScopeCreate)(d.rig)
	if err != nil {
		return "", err
	}
	return shown[0].ID, nil
}

// lines is a log that goroutines share.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

// about returns how many lines tell of something.
func (l *lines) about(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

const reserve = 64 << 20

// TestStorageLow: changes are refused from a second after the space went below the
// reserve until a second after it is back. What changes nothing goes on, and is recorded.
func TestStorageLow(t *testing.T) {
	d := newDiskRig(t, reserve)
	d.free.Store(reserve) // just enough
	kept, err := d.create()
	if err != nil {
		t.Fatal(err)
	}

	d.free.Store(reserve - 1)
	d.wait(999 * time.Millisecond)
	if _, err := d.create(); err != nil {
		t.Errorf("looked again within the second: %v", err)
	}
	if err := d.store.DiskFree(t.Context()); err == nil || !strings.Contains(err.Error(), "63 MiB") || !strings.Contains(err.Error(), "--min-free") {
		t.Errorf("DiskFree says %v, want what is free and how to mend it", err)
	}
	d.wait(time.Millisecond)
	for range 3 {
		if _, err := d.create(); !errors.Is(err, todos.ErrStorageLow) {
			t.Errorf("create: %v, want %v", err, todos.ErrStorageLow)
		}
		if _, err := deletes("alice", kept)(d.rig); !errors.Is(err, todos.ErrStorageLow) {
			t.Errorf("delete: %v, want %v", err, todos.ErrStorageLow)
		}
		d.wait(time.Second)
	}
	if shown, err := lists("alice")(d.rig); err != nil || len(shown) != 2 {
		t.Errorf("list: %v, %v, want both todos", shown, err)
	}
	if err := d.store.Ready(t.Context()); err != nil {
		t.Errorf("the database takes no writes any more: %v", err)
	}

	d.free.Store(reserve)
	d.wait(time.Second)
	if _, err := deletes("alice", kept)(d.rig); err != nil {
		t.Errorf("delete after there is space again: %v", err)
	}
	if err := d.store.DiskFree(t.Context()); err != nil {
		t.Errorf("DiskFree after there is space again: %v", err)
	}
	if low, back := d.log.about("changes are refused"), d.log.about("changes are accepted"); low != 1 || back != 1 {
		t.Errorf("%d lines tell of the lack and %d of its end, want one each", low, back)
	}
	d.recorded(t, map[audit.Reason]int{audit.ReasonOK: 4, audit.ReasonStorageLow: 6})
}

// TestReserveChanges: the reserve may change while the store is open.
func TestReserveChanges(t *testing.T) {
	d := newDiskRig(t, 0)
	d.free.Store(reserve)
	if _, err := d.create(); err != nil {
		t.Fatal(err)
	}
	d.least.Store(reserve + 1)
	d.wait(time.Second)
	if _, err := d.create(); !errors.Is(err, todos.ErrStorageLow) || d.store.DiskFree(t.Context()) == nil {
		t.Errorf("create: %v, DiskFree: %v, want both to fail", err, d.store.DiskFree(t.Context()))
	}
	d.least.Store(reserve)
	d.wait(time.Second)
	if _, err := d.create(); err != nil || d.store.DiskFree(t.Context()) != nil {
		t.Errorf("create: %v, DiskFree: %v, want neither to fail", err, d.store.DiskFree(t.Context()))
	}
}

// recorded compares how many rows there are for each reason.
func (d *diskRig) recorded(t *testing.T, want map[audit.Reason]int) {
	t.Helper()
	got := make(map[audit.Reason]int)
	_, err := openLog(t, d.path).Each(t.Context(), audit.Filter{}, func(r audit.Row) error {
		got[r.Reason]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for reason, n := range want {
		if got[reason] != n {
			t.Errorf("rows are %v, want %v", got, want)
		}
	}
}

// TestStorageLowAtOnce: a server that starts on a full disk refuses the first change, and
// one whose clock went back looks again.
func TestStorageLowAtOnce(t *testing.T) {
	d := newDiskRig(t, reserve)
	if _, err := d.create(); !errors.Is(err, todos.ErrStorageLow) {
		t.Errorf("the first change: %v, want %v", err, todos.ErrStorageLow)
	}
	d.free.Store(reserve)
	d.wait(-time.Hour)
	if _, err := d.create(); err != nil {
		t.Errorf("after the clock went back: %v", err)
	}
}

// TestSpaceThatCannotBeTold is not a lack of it: the disk itself will refuse.
func TestSpaceThatCannotBeTold(t *testing.T) {
	d := newDiskRig(t, reserve)
	d.broken.Store(true)
	if _, err := d.create(); err != nil {
		t.Errorf("create: %v", err)
	}
	if err := d.store.DiskFree(t.Context()); err != nil {
		t.Errorf("DiskFree: %v", err)
	}
	if n := d.looks.Load(); n != 2 {
		t.Errorf("looked %d times, want 2", n)
	}
}

// TestNoReserve: who wants none is not asked for one.
func TestNoReserve(t *testing.T) {
	d := newDiskRig(t, 0)
	for range 3 {
		if _, err := d.create(); err != nil {
			t.Errorf("create: %v", err)
		}
		if err := d.store.DiskFree(t.Context()); err != nil {
			t.Errorf("DiskFree: %v", err)
		}
		d.wait(time.Second)
	}
	if n := d.looks.Load(); n != 0 {
		t.Errorf("looked %d times", n)
	}
}

// TestDiskIsLookedAtTogether: readiness looks at the disk while the writer does. It is
// the race detector that would find them sharing what they remember.
func TestDiskIsLookedAtTogether(t *testing.T) {
	d := newDiskRig(t, reserve)
	d.free.Store(reserve)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 20 {
				d.store.DiskFree(t.Context())
				d.wait(time.Second)
			}
		})
		all.Go(func() {
			for range 20 {
				if _, err := d.create(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if d.looks.Load() < 81 {
		t.Errorf("looked %d times: the writer did not look", d.looks.Load())
	}
}
