package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"todomanager/internal/todos"
)

// TestNoDescriptors takes from a running server all descriptors that it has not got yet.
// Who is connected goes on being served, or is refused without a change; nobody else gets
// in. With the descriptors back it serves everybody again, and the log accounts for all.
func TestNoDescriptors(t *testing.T) {
	s := newVictim(t)
	if s.start(); t.Failed() {
		return
	}
	p := &program{url: s.url}
	token := p.token(t, "alice")
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	connected := s.connect()
	if got, err := connected.create(token); err != nil || got != http.StatusOK {
		t.Fatal(got, err)
	}

	before := s.limitDescriptors(lowestFree(s.descriptors()))
	var refused []net.Conn
	for range 5 { // the kernel takes them, the server cannot
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		refused = append(refused, conn)
	}
	eventually(t, "told of in the log", func() bool { return strings.Contains(s.log.String(), "too many open files") })
	for range 20 {
		if got, err := connected.create(token); err != nil || got != http.StatusOK {
			t.Errorf("who is connected: %d, %v", got, err)
		}
	}

	s.limitDescriptors(before)
	for _, conn := range refused {
		fmt.Fprintf(conn, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Errorf("with descriptors again: %q, %v", line, err)
		}
	}
	s.left.Store(-1) // nothing kills it
	s.call(token, todos.ToolCreate, `{"content":"after"}`, s.created)
	s.call(token, todos.ToolList, `{}`, nil)
	if s.check(); len(s.todos) != 22 {
		t.Errorf("%d todos, 22 were acknowledged", len(s.todos))
	}
}

// TestHoarder opens more connections than the server may have descriptors. It goes on.
func TestHoarder(t *testing.T) {
	s := newVictim(t)
	if s.start(); t.Failed() {
		return
	}
	token := (&program{url: s.url}).token(t, "alice")
	s.process.Process.Signal(os.Interrupt)
	s.process.Wait()

	s.limit = 160
	s.start()
	if !strings.Contains(s.log.String(), "too few descriptors") {
		t.Errorf("the log does not tell of the small limit:\n%s", s.log.String())
	}
	for range 300 {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("%q, %v", line, err)
		}
	}
	s.left.Store(-1)
	s.call(token, todos.ToolCreate, `{"content":"beside a hoarder"}`, s.created)
	s.call(token, todos.ToolList, `{}`, nil)
	s.check()
	if got := len(s.descriptors()); got > 150 {
		t.Errorf("%d descriptors are in use", got)
	}
	if strings.Contains(s.log.String(), "too many open files") {
		t.Error("the descriptors ran out")
	}
}

// descriptors are those that the server has.
func (s *victim) descriptors() map[string]bool {
	s.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.process.Process.Pid))
	if err != nil {
		s.Fatal(err)
	}
	numbers := make(map[string]bool)
	for _, entry := range list {
		numbers[entry.Name()] = true
	}
	return numbers
}

// lowestFree is the number that the next descriptor would get.
func lowestFree(used map[string]bool) (n uint64) {
	for used[fmt.Sprint(n)] {
		n++
	}
	return n
}

// limitDescriptors returns the limit that was.
func (s *victim) limitDescriptors(to uint64) uint64 {
	s.Helper()
	var was unix.Rlimit
	pid := s.process.Process.Pid
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &was); err != nil {
		s.Fatal(err)
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: to, Max: was.Max}, nil); err != nil {
		s.Fatal(err)
	}
	return was.Cur
}

// connected is a client with a connection that stays.
type connected struct {
	*victim
	sender
}

func (s *victim) connect() *connected { return &connected{s, sender{address: s.address}} }

func (c *connected) create(token string) (int, error) {
	body := toolCall(todos.ToolCreate, `{"content":"connected"}`)
	status, _, err := c.send(fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\nContent-Length: %d\r\n\r\n%s",
		strings.TrimPrefix(c.url, "http://"), token, len(body), body))
	return status, err
}
