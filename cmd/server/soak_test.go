package main

import (
	"context"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"todomanager/internal/auth/authtest"
)

var soakFor = flag.Duration("soak", 4*time.Second, "how long TestSoak keeps the server busy")

const (
	soakWorkers = 12
	soakPace    = 50 * time.Millisecond // between two calls of a worker
)

// TestSoak keeps a server at work, with everything around it that happens in a year:
//
//	go test ./cmd/server -run TestSoak -soak 20m -v
//
// Every answer is the one that is due, or of a kind that what is going on explains (see
// explanations). At the end the log and the todos agree with what was acknowledged, and
// neither memory nor goroutines, descriptors or the write-ahead log have grown.
func TestSoak(t *testing.T) {
	if *soakFor < time.Second {
		t.Fatalf("-soak %v is too short to see anything; use at least 1s", *soakFor)
	}
	s := newSoak(t)
	s.victim.start()
	s.fillHoard()
	defer time.AfterFunc(*soakFor, s.stop).Stop()
	var all sync.WaitGroup
	for i := range soakWorkers {
		all.Go(newSoakWorker(s, i).run)
	}
	all.Go(s.meter.run)
	all.Go(s.runSchedule)
	all.Go(s.verifyBeside)
	for _, client := range s.slowClients() {
		all.Go(func() { s.loop(client) })
	}
	all.Wait()
	s.finish()
}

// soak is a server that is watched, and who uses it.
type soak struct {
	*testing.T
	victim    *victim
	issuers   []*authtest.Issuer
	incidents incidents
	tally     tally
	meter     *meter
	archive   string
	config    string // file of what changes at a reload
	reloads   int

	running context.Context // ends with the time, or the first failure
	stop    context.CancelFunc
	failed  atomic.Bool
}

func newSoak(t *testing.T) *soak {
	s := &soak{T: t, victim: newVictim(t), archive: filepath.Join(t.TempDir(), "archive"), config: filepath.Join(t.TempDir(), "todo.yaml")}
	if err := os.WriteFile(s.config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var urls []string
	for range 2 {
		issuer := authtest.New(t)
		issuer.Audience = s.victim.url
		s.issuers = append(s.issuers, issuer)
		urls = append(urls, issuer.URL)
	}
	ops := "127.0.0.1:" + freePort()
	s.victim.args = []string{"serve", "--config", s.config, "--issuer", strings.Join(urls, ","), "--listen", s.victim.address, "--public-url", s.victim.url,
		"--ops-listen", ops, "--db", s.victim.db, "--rate", "20", "--burst", "100", "--log-level", "warn"}
	s.running, s.stop = context.WithCancel(t.Context())
	t.Cleanup(s.stop)
	s.meter = &meter{soak: s, url: "http://" + ops + "/metrics"}
	return s
}

// wait lets time pass. It reports whether there is some left.
func (s *soak) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.running.Err() == nil
	case <-s.running.Done():
		return false
	}
}

func (s *soak) loop(step func()) {
	for s.running.Err() == nil {
		step()
	}
}

// fail ends the run with its first failure: those after it are seldom news.
func (s *soak) fail(format string, args ...any) {
	if s.failed.CompareAndSwap(false, true) {
		s.Errorf(format, args...)
	}
	s.stop()
}

// finish stops the server and compares what is on the disk with what was acknowledged.
func (s *soak) finish() {
	v := s.victim
	http.DefaultClient.CloseIdleConnections() // Shutdown waits 5 s for those that were never used
	if err := v.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.Fatal(err)
	}
	if err := v.process.Wait(); err != nil {
		s.Errorf("the server ended with %v", err)
	}
	v.check()
	withVictim(s.T, v.db, "PRAGMA integrity_check")
	s.tally.check(s.T, v.rows)
	s.checkArchive()
	s.meter.check()
	for line := range strings.Lines(v.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) || !strings.HasPrefix(line, "{") {
			s.Errorf("the server logged: %s", line)
		}
	}
	s.Logf("%v with %d workers\n%s\n%s\n%s", *soakFor, soakWorkers, s.meter.table(), s.tally.table(), s.incidents.table())
}
