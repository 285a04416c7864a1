package main

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// watchdog is how often the service must show that it lives in these tests.
const watchdog = 400 * time.Millisecond

// supervised is a server process and the socket on which it tells how it is.
type supervised struct {
	*testing.T
	*victim
	socket *net.UnixConn
}

// startSupervised starts the program as systemd would, with Type=notify and WatchdogSec.
func startSupervised(t *testing.T, db, command string) *supervised {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v := newVictim(t)
	v.process = exec.Command(self, command, "--listen", v.address, "--public-url", v.url, "--ops-listen", "",
		"--issuer", "http://localhost:"+freePort(), "--db", db, "--min-free", "0")
	v.process.Args[0] = "server"
	v.process.Stdout, v.process.Stderr = v.log, v.log
	v.process.Env = append(os.Environ(), "NOTIFY_SOCKET="+name, "WATCHDOG_USEC=400000")
	if err := v.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		v.kill()
		if t.Failed() {
			t.Logf("log:\n%s", v.log.String())
		}
	})
	return &supervised{t, v, socket}
}

// told returns the next message, or "" if there is none in the given time.
func (s *supervised) told(within time.Duration) string {
	s.Helper()
	if err := s.socket.SetReadDeadline(time.Now().Add(within)); err != nil {
		s.Fatal(err)
	}
	buffer := make([]byte, 4096)
	n, err := s.socket.Read(buffer)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		s.Fatal(err)
	}
	return string(buffer[:n])
}

// await drops messages until one begins so.
func (s *supervised) await(beginning string) string {
	s.Helper()
	for until := time.Now().Add(patience); ; { // there are always more: the service lives
		got := s.told(time.Until(until))
		if strings.HasPrefix(got, beginning) {
			return got
		}
		if time.Now().After(until) {
			s.Fatalf("never told %s", beginning)
		}
	}
}

// TestSupervised: systemd hears that the service is ready once it can be reached, twice
// in each interval that it lives, and that it stops.
func TestSupervised(t *testing.T) {
	s := startSupervised(t, filepath.Join(t.TempDir(), "todos.db"), "dev")
	if got, want := s.told(patience), "READY=1\nSTATUS=Serving "+s.url; got != want {
		t.Errorf("told %q first, want %q", got, want)
	}
	if resp, err := http.Get(s.url + "/livez"); err != nil {
		t.Errorf("told to be ready and is not: %v", err)
	} else {
		resp.Body.Close()
	}
	began := time.Now()
	for range 5 {
		if got := s.told(patience); got != "WATCHDOG=1" {
			t.Errorf("told %q", got)
		}
	}
	if took := time.Since(began); took < watchdog {
		t.Errorf("told five times within %v, which is more than twice in %v", took, watchdog)
	}
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := s.await("STOPPING=1"); !strings.HasPrefix(got, "STOPPING=1\nSTATUS=Stopping") {
		t.Errorf("told %q", got)
	}
	if err := s.process.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if text := s.log.String(); strings.Contains(text, "systemd") {
		t.Errorf("it complains:\n%s", text)
	}
}

// TestHangingWriter: a disk that never answers hangs the writer. The process lives and
// serves, but systemd no longer hears so; it does again once the writer goes on.
func TestHangingWriter(t *testing.T) {
	// A frozen disk lets nobody write to memory that SQLite has mapped from it, and the
	// thread that tries keeps a processor of Go's. The collector would wait for that, and all
	// else for the collector.
	t.Setenv("GOGC", "off")
	dir, _ := brittleDisk(t)
	s := startSupervised(t, filepath.Join(dir, "todos.db"), "dev")
	s.await("WATCHDOG=1")
	system(t, "fsfreeze", "--freeze", dir)
	thaw := func() { _ = exec.Command("fsfreeze", "--unfreeze", dir).Run() } // twice is an error
	t.Cleanup(thaw)                                                          // before the process is waited for
	go func() {                                                              // gives the writer something to hang on
		if resp, err := http.Get(s.url + "/readyz"); err == nil {
			resp.Body.Close()
		}
	}()
	for n := 0; s.told(3*watchdog) != ""; n++ {
		if n == 20 {
			t.Fatal("a service whose writer hangs says that it lives")
		}
	}
	impatient := http.Client{Timeout: 10 * time.Second}
	if resp, err := impatient.Get(s.url + "/livez"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("/livez: %v, %v", resp, err)
	}
	if !strings.Contains(s.log.String(), "the database's writer makes no progress") {
		t.Error("the log does not say why")
	}
	thaw()
	s.await("WATCHDOG=1")
}

// TestNobodySupervises: a variable that cannot be understood ends no service.
func TestNobodySupervises(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	t.Setenv("WATCHDOG_USEC", "soon")
	p := startDev(t)
	for _, want := range []string{"systemd cannot be told the state of the service", "WATCHDOG_USEC is not a number"} {
		if !strings.Contains(p.log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// TestSupervisedReload: systemd hears when a reload begins and when it has ended, even if
// nothing came of it.
func TestSupervisedReload(t *testing.T) {
	s := startSupervised(t, filepath.Join(t.TempDir(), "todos.db"), "serve")
	s.await("READY=1")
	if err := s.process.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := s.await("RELOADING=1"); !regexp.MustCompile(`^RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]+$`).MatchString(got) {
		t.Errorf("told %q", got)
	}
	s.await("READY=1\nSTATUS=Serving ")
}
