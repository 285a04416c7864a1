package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// start [-unready] COMMAND FLAGS... runs the server in the background until "sigterm"
// or the end of the script, and returns once it is ready, or with -unready once it lives.
// Its output goes to the files server.out and server.log.
func (s *script) start(ts *testscript.TestScript, args []string) {
	path := "/readyz"
	if args[0] == "-unready" {
		path, args = "/livez", args[1:]
	}
	s.server = command(context.Background(), ts, append([]string{"server"}, args...))
	out, err := os.Create(ts.MkAbs("server.out"))
	ts.Check(err)
	defer out.Close()
	log, err := os.Create(ts.MkAbs("server.log"))
	ts.Check(err)
	defer log.Close()
	s.server.Stdout, s.server.Stderr = out, log
	ts.Check(s.server.Start())
	server, exited := s.server, make(chan error, 1)
	s.exited = exited
	go func() { exited <- server.Wait() }()
	ts.Defer(func() { _ = server.Process.Kill() })
	s.poll(ts, path, http.StatusOK)
}

// command prepares a program of the script.
func command(ctx context.Context, ts *testscript.TestScript, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	ts.Check(cmd.Err)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
	return cmd
}

// environ is the environment of the script's programs.
func environ(ts *testscript.TestScript) []string {
	names := []string{"PATH", "HOME", "GORACE", "GOCOVERDIR", "TODO_PUBLIC_URL", "TODO_LISTEN", "TODO_ISSUER", "TODO_OPS_LISTEN",
		"TODO_AUDIENCE", "TODO_CONFIG", "TODO_DB", "TODO_RATE", "TODO_BURST", "TODO_LOG_LEVEL"}
	var env []string
	for _, name := range names {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// poll waits for a status at a path.
func (s *script) poll(ts *testscript.TestScript, path string, status int) {
	address := ts.Getenv("TODO_LISTEN")
	if ts.Getenv("TLS") != "" {
		address = ts.Getenv("TODO_OPS_LISTEN")
	}
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if resp, err := http.Get("http://" + address + path); err == nil {
			resp.Body.Close()
			if resp.StatusCode == status {
				return
			}
		}
		select {
		case err := <-s.exited:
			ts.Fatalf("the server ended: %v\n%s", err, ts.ReadFile("server.log"))
		case <-deadline:
			ts.Fatalf("no %d at %s\n%s", status, path, ts.ReadFile("server.log"))
		case <-tick.C:
		}
	}
}

// ready waits until the server is ready.
func (s *script) ready(ts *testscript.TestScript, _ []string) { s.poll(ts, "/readyz", http.StatusOK) }

// unready waits until the server is not ready any more.
func (s *script) unready(ts *testscript.TestScript, _ []string) {
	s.poll(ts, "/readyz", http.StatusServiceUnavailable)
}

// sigterm [CODE] asks the server to stop; it must end with that exit code, by default 0.
func (s *script) sigterm(ts *testscript.TestScript, args []string) {
	want := "0"
	if len(args) > 0 {
		want = args[0]
	}
	ts.Check(s.server.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.exited:
		if got := strconv.Itoa(s.server.ProcessState.ExitCode()); got != want {
			ts.Fatalf("the server ended with %s, want exit code %s\n%s", s.server.ProcessState, want, ts.ReadFile("server.log"))
		}
	case <-time.After(patience):
		ts.Fatalf("the server did not end\n%s", ts.ReadFile("server.log"))
	}
}

// crash kills the server without warning.
func (s *script) crash(ts *testscript.TestScript, _ []string) {
	ts.Check(s.server.Process.Kill())
	<-s.exited
}

// exit CODE PROGRAM ARGS... runs a program that must end with that code. A program that
// ends with 2, for wrong usage, says so in one line on stderr and nothing on stdout.
func (*script) exit(ts *testscript.TestScript, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, message strings.Builder
	cmd := command(ctx, ts, args[1:])
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, ts.Stdout()), io.MultiWriter(&message, ts.Stderr())
	if err := cmd.Run(); cmd.ProcessState == nil {
		ts.Fatalf("%v", err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if want == exitUsage && (out.Len() > 0 || strings.Count(message.String(), "\n") != 1 || !strings.HasPrefix(message.String(), "server: ")) {
		ts.Fatalf("want one line on stderr and nothing on stdout")
	}
}
