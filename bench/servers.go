package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// sdkEcho is the server that ours are compared with.
const sdkEcho = "go-sdk echo"

// server is a program that is measured.
type server struct {
	name    string
	address string
	ours    bool
	process *exec.Cmd
}

// pinned returns the command that runs a program on one core, where the system has taskset.
func pinned(core int, program string, args ...string) *exec.Cmd {
	if taskset, err := exec.LookPath("taskset"); err == nil {
		return exec.Command(taskset, append([]string{"-c", strconv.Itoa(core), program}, args...)...)
	}
	return exec.Command(program, args...)
}

// build compiles a program of the module in a folder.
func build(ctx context.Context, folder, pkg, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", to, pkg)
	cmd.Dir, cmd.Stderr, cmd.Env = folder, os.Stderr, append(os.Environ(), "CGO_ENABLED=0")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s: %w", pkg, err)
	}
	return nil
}

// startAll starts every server, of which it builds the peers: ours twice, each on a copy of the database.
func startAll(ctx context.Context, folder string, issuer *issuer, db string) (list []*server, err error) {
	for _, peer := range []struct{ name, pkg string }{{sdkEcho, "echosdk"}, {"mcp-go echo", "echomcpgo"}, {"net/http floor", "floor"}} {
		if err := build(ctx, ".", "./"+peer.pkg, filepath.Join(folder, peer.pkg)); err != nil {
			return list, err
		}
		s := &server{name: peer.name, address: freeAddress()}
		s.process = pinned(0, filepath.Join(folder, peer.pkg), s.address)
		list = append(list, s)
	}
	for _, direct := range []bool{true, false} {
		s := &server{name: "Todo Manager", address: freeAddress(), ours: true}
		if !direct {
			s.name += ", SDK only"
		}
		copied := filepath.Join(folder, fmt.Sprintf("direct-%v.db", direct))
		if err := copyFile(db, copied); err != nil {
			return list, err
		}
		s.process = serve(folder, s.address, issuer, copied, fmt.Sprintf("--direct-calls=%v", direct))
		list = append(list, s)
	}
	return list, startEach(list)
}

// serve is our server as prepare has made it, without the limits that a measurement would meet.
func serve(folder, address string, issuer *issuer, db string, more ...string) *exec.Cmd {
	return pinned(0, filepath.Join(folder, "server"), append([]string{"serve", "--listen", address, "--public-url", issuer.resource, "--issuer", issuer.URL,
		"--db", db, "--ops-listen", freeAddress(), "--rate", "1e9", "--burst", "1000000000", "--max-todos", "0", "--log-level", "warn",
		"--allowed-hosts", "127.0.0.1"}, more...)...)
}

// startEach starts servers and waits until all answer.
func startEach(list []*server) error {
	for _, s := range list {
		s.process.Stderr = os.Stderr
		if err := s.process.Start(); err != nil {
			return err
		}
		if err := s.await(); err != nil {
			return err
		}
	}
	return nil
}

func stopAll(list []*server) {
	for _, s := range list {
		if s.process.Process != nil {
			s.stop()
		}
	}
}

// await returns once the server answers.
func (s *server) await() error {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		resp, err := http.Get("http://" + s.address + "/readyz")
		if err == nil {
			resp.Body.Close()
			if !s.ours || resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("%s does not answer", s.name)
}

func (s *server) stop() {
	_ = s.process.Process.Signal(os.Interrupt)
	_ = s.process.Wait()
}

// cpu returns the processor time that the server has used so far; 0 where /proc is missing.
func (s *server) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 on Linux
}

// rss returns the memory in use, in MiB.
func (s *server) rss() float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if fields := strings.Fields(rest); len(fields) > 0 {
		kib, _ := strconv.ParseFloat(fields[0], 64)
		return kib / 1024
	}
	return 0
}

func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return ""
	}
	defer l.Close()
	return l.Addr().String()
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
