package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"todomanager/internal/audit"
)

// TestLitestream runs the real Litestream, which e2e/litestream/run builds, with the settings
// in deploy/litestream beside a server under load. Each of the two is killed, stopped and
// started again while the other goes on. What comes back from the replica is the database as
// it was at one moment, the newest if Litestream was asked to stop, and verifies.
func TestLitestream(t *testing.T) {
	if os.Getenv("LITESTREAM") == "" {
		t.Skip("needs Litestream: e2e/litestream/run")
	}
	const restarts = 4 // of Litestream
	l := &replicated{victim: newVictim(t), replica: filepath.Join(t.TempDir(), "replica")}
	l.replicate() // it waits for a database
	l.start()
	p := &program{url: l.url}
	l.tokens = []string{p.token(t, "alice"), p.token(t, "bob"), p.token(t, "admin")}
	l.play()

	l.loadUntilKilled(l.tokens) // the server alone
	l.check()
	l.start()
	l.play()
	if why := l.reasons(); len(why) > 0 {
		t.Errorf("Litestream lost its place, though it was there all the time: %q", why)
	}

	l.end(syscall.SIGKILL) // Litestream alone, while the server goes on, stops and starts
	l.playOn(500)
	l.stop()
	l.start()
	l.playOn(100)
	l.attach()
	l.play()
	l.refuses()
	l.end(syscall.SIGTERM)
	l.nothingLost()

	l.start()
	l.attach()
	l.play() // both at once
	l.loadUntilKilled(l.tokens)
	l.end(syscall.SIGKILL)
	l.putBack()

	l.start() // and with what was put back it goes on, into the same replica
	l.attach()
	l.play()
	l.end(syscall.SIGTERM)
	l.nothingLost()

	// A new machine does not have what Litestream keeps beside the database.
	if err := os.RemoveAll(filepath.Join(filepath.Dir(l.db), ".todos.db-litestream")); err != nil {
		t.Fatal(err)
	}
	l.attach()
	l.play()
	l.end(syscall.SIGTERM)
	l.nothingLost()
	if why := l.reasons(); len(why) > restarts {
		t.Errorf("started again %d times, Litestream lost its place %d times: %q", restarts, len(why), why)
	}
}

// replicated is a victim with Litestream beside it.
type replicated struct {
	*victim
	replica  string // its folder
	tokens   []string
	sidecar  *exec.Cmd
	sidecars log // of all of them
}

// litestream prepares a command with our settings file.
func (l *replicated) litestream(command string, args ...string) *exec.Cmd {
	settings := filepath.Join("..", "..", "deploy", "litestream", "litestream.yml")
	cmd := exec.Command(os.Getenv("LITESTREAM"), append([]string{command, "-config", settings}, args...)...)
	cmd.Env = append(os.Environ(), "TODO_DB="+l.db, "LITESTREAM_REPLICA="+l.replica, "LOG_LEVEL=debug")
	cmd.Stdout, cmd.Stderr = &l.sidecars, &l.sidecars
	return cmd
}

func (l *replicated) replicate() {
	l.Helper()
	l.sidecar = l.litestream("replicate")
	if err := l.sidecar.Start(); err != nil {
		l.Fatal(err)
	}
	sidecar := l.sidecar
	l.Cleanup(func() {
		_ = sidecar.Process.Kill()
		_ = sidecar.Wait()
		if l.Failed() {
			l.Logf("Litestream:\n%s", l.sidecars.String())
		}
	})
}

// attach starts Litestream beside a server without load, and returns when it has its place in
// the log. A server that begins its log anew before that writes what Litestream never sees and,
// as of 0.5.18, does not always miss; see docs/backup.md.
func (l *replicated) attach() {
	l.Helper()
	rounds := func() int { return strings.Count(l.sidecars.String(), `msg="replica sync"`) }
	before := rounds()
	l.replicate()
	eventually(l.T, "has Litestream its place in the log", func() bool { return rounds() > before })
}

func (l *replicated) end(signal os.Signal) {
	l.Helper()
	if err := l.sidecar.Process.Signal(signal); err != nil {
		l.Error(err)
	}
	if err := l.sidecar.Wait(); err != nil && signal != os.Kill {
		l.Errorf("Litestream ended with %v", err)
	}
}

// stop asks the server to stop.
func (l *replicated) stop() {
	l.Helper()
	if err := l.process.Process.Signal(syscall.SIGTERM); err != nil {
		l.Error(err)
	}
	if err := l.process.Wait(); err != nil {
		l.Errorf("the server ended with %v", err)
	}
}

// play makes calls until Litestream has come round a few times. They come at a pace: as fast
// as the server takes them, they would have it cut a log off that grew beyond its limit, after
// which Litestream begins anew.
func (l *replicated) play() {
	l.Helper()
	const rounds = 3
	pace := time.NewTicker(100 * time.Millisecond)
	defer pace.Stop()
	for deadline, before := time.Now().Add(patience), l.files(); l.files() < before+rounds; l.playOn(100) {
		if <-pace.C; time.Now().After(deadline) {
			l.Fatal("Litestream does not come round")
		}
	}
}

// files is how many pieces the replica has.
func (l *replicated) files() int {
	found, err := filepath.Glob(filepath.Join(l.replica, "ltx", "0", "*.ltx"))
	if err != nil {
		l.Fatal(err)
	}
	return len(found)
}

// playOn makes so many calls, and some more.
func (l *replicated) playOn(calls int64) {
	l.Helper()
	const many = 1 << 40
	l.left.Store(many)
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			for l.left.Load() > many-calls && l.round(l.tokens[i%len(l.tokens)]) {
			}
		})
	}
	clients.Wait()
	if l.Failed() || l.left.Load() > many-calls {
		l.Fatalf("log of the server:\n%s", l.log.String())
	}
}

// refuses: nothing is put in the place of a database that Litestream has open.
func (l *replicated) refuses() {
	l.Helper()
	l.stop()
	heads, err := os.ReadFile(l.db + ".audit-heads")
	if err != nil {
		l.Fatal(err)
	}
	var out log
	copied := filepath.Join(l.TempDir(), "copy.db")
	mustRun(l.T, "backup", "--db", l.db, copied)
	if code := run(l.Context(), []string{"restore", "--db", l.db, copied}, &out, &out); code != exitFailed || !strings.Contains(out.String(), "another program uses the database") {
		l.Errorf("restore while Litestream runs: exit code %d, %s", code, out.String())
	}
	if now, err := os.ReadFile(l.db + ".audit-heads"); err != nil || string(now) != string(heads) {
		l.Errorf("the signed heads were changed by it (%v)", err)
	}
}

// restored returns a database that Litestream makes from the replica.
func (l *replicated) restored() string {
	l.Helper()
	to := filepath.Join(l.TempDir(), "restored.db")
	if err := l.litestream("restore", "-integrity-check", "full", "-o", to, l.db).Run(); err != nil {
		l.Fatalf("litestream restore: %v\n%s", err, l.sidecars.String())
	}
	return to
}

func (l *replicated) rows(db string) []audit.Row {
	l.Helper()
	rows, err := auditRows(db)
	if err != nil {
		l.Fatal(err)
	}
	return rows
}

// nothingLost compares the database, of a server that does not write, with the replica.
func (l *replicated) nothingLost() {
	l.Helper()
	if lost := l.lost(l.db, l.restored()); len(lost) > 0 {
		l.Errorf("Litestream had time, but %d rows are not in its replica, from %d on", len(lost), lost[0].Seq)
	}
}

// lost returns the rows that are missing at the end of a restored database; what it has must
// be the same.
func (l *replicated) lost(whole, restored string) []audit.Row {
	l.Helper()
	is, was := l.rows(restored), l.rows(whole)
	if len(is) == 0 || len(is) > len(was) || is[len(is)-1].Hash.String() != was[len(is)-1].Hash.String() {
		l.Fatalf("%d rows were restored of %d, and they are not the same", len(is), len(was))
	}
	return was[len(is):]
}

// putBack puts the newest of the replica in the place of the database, as docs/backup.md says.
func (l *replicated) putBack() {
	l.Helper()
	from := l.restored()
	mustRun(l.T, "restore", "--no-manifest", "--db", l.db, from)
	kept, err := filepath.Glob(l.db + ".before-*Z")
	if err != nil || len(kept) != 1 {
		l.Fatal(kept, err)
	}
	lost, was := l.lost(kept[0], from), l.rows(kept[0])
	var lag time.Duration
	if len(lost) > 0 {
		lag = was[len(was)-1].OccurredAt.Sub(was[len(was)-len(lost)-1].OccurredAt)
	}
	l.Logf("killed together under load: the newest %d of %d rows are not in the replica, which was %v behind", len(lost), len(was), lag)
	if lag > patience {
		l.Error("that is too much")
	}
	// From here on the victim is the database that was put back: nothing was acknowledged
	// but what it has, and that must agree with itself.
	l.lastSeq = 0
	for _, known := range []map[string]bool{l.created, l.deleted} {
		clear(known)
	}
	for _, counted := range []map[string]int{l.createRows, l.deleteRows} {
		clear(counted)
	}
	l.check()
	if len(l.todos) == 0 {
		l.Error("no todos were restored")
	}
}

// reasons are why Litestream began again with a whole copy, by its transactions: it says so
// once more when it has to try again.
func (l *replicated) reasons() map[string]string {
	found := make(map[string]string)
	for _, m := range regexp.MustCompile(`msg=sync .*txid=(\w+) .*reason="([^"]*)`).FindAllStringSubmatch(l.sidecars.String(), -1) {
		found[m[1]] = m[2]
	}
	return found
}
