package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackupIsStopped: SIGTERM while a copy is made leaves no copy, or a whole one with its
// manifest; never one that looks as if it were good.
func TestBackupIsStopped(t *testing.T) {
	p := startDev(t, "--rate", "1e6", "--burst", "1000000")
	token := p.token(t, "alice")
	for range 300 {
		p.create(t, token, strings.Repeat("x", 4000))
	}
	stopped := 0
	for i := range 8 {
		to := filepath.Join(t.TempDir(), "copy.db")
		ctx, cancel := context.WithCancel(t.Context())
		size := int64(i) << 17 // of the copy at which it is stopped
		var out log
		exited := make(chan int, 1)
		go func() { exited <- run(ctx, []string{"backup", to, "--db", p.db}, &out, &out) }()
		eventually(t, "this far", func() bool {
			info, err := os.Stat(to)
			return err == nil && info.Size() >= size || len(exited) > 0
		})
		cancel()
		code := <-exited
		_, noCopy := os.Stat(to)
		_, noManifest := os.Stat(to + ".json")
		whole := code == exitOK && noCopy == nil && noManifest == nil
		none := code == exitFailed && os.IsNotExist(noCopy) && os.IsNotExist(noManifest)
		if !whole && !none {
			t.Errorf("exit code %d, copy %v, manifest %v\n%s", code, noCopy, noManifest, out.String())
		}
		if none {
			stopped++
		}
	}
	if stopped == 0 {
		t.Error("none was stopped in time")
	}
	p.create(t, token, "after")
	withVictim(t, p.db, "PRAGMA integrity_check")
}
