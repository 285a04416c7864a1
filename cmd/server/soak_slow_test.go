package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"todomanager/internal/auth/authtest"
	"todomanager/internal/todos"
)

// The limits that the server has for slow clients, with some time for a busy machine.
const (
	soakHeaderLimit = 10*time.Second + 10*time.Second
	soakBodyLimit   = 30*time.Second + 10*time.Second
)

// slowClients are those that use a connection badly, always the same number of each kind.
func (s *soak) slowClients() []func() {
	return []func(){
		s.slowHeader, s.slowHeader, s.slowHeader,
		s.silent, s.silent, s.silent,
		s.idle, s.idle, s.idle,
		s.slowBody, s.slowBody,
		s.slowReader, s.slowReader,
	}
}

func (s *soak) dial() net.Conn {
	conn, err := net.Dial("tcp", s.victim.address)
	if err != nil {
		s.fail("connect: %v", err)
		return nil
	}
	return conn
}

// cutOff waits until the server closes a connection on which something is sent every now
// and then, and fails if that takes longer than the limit.
func (s *soak) cutOff(what string, conn net.Conn, drip string, limit time.Duration) {
	closed := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, conn) // until the server has said its last word
		close(closed)
	}()
	s.incidents.note(what)
	giveUp := time.After(limit)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-closed:
			return
		case <-s.running.Done():
			return
		case <-giveUp:
			s.fail("%s: the server keeps the connection for longer than %v", what, limit)
			return
		case <-tick.C:
			_, _ = io.WriteString(conn, drip) // an error is the other side's closing
		}
	}
}

// slowHeader never comes to the end of its headers.
func (s *soak) slowHeader() {
	if conn := s.dial(); conn != nil {
		defer conn.Close()
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: "+strings.TrimPrefix(s.victim.url, "http://")+"\r\nX-Long: ")
		s.cutOff("slow header", conn, "a", soakHeaderLimit)
	}
}

// silent connects and says nothing.
func (s *soak) silent() {
	if conn := s.dial(); conn != nil {
		defer conn.Close()
		s.cutOff("silent", conn, "", soakHeaderLimit)
	}
}

// slowBody sends a call byte by byte.
func (s *soak) slowBody() {
	if conn := s.dial(); conn != nil {
		defer conn.Close()
		token := s.issuers[0].Token(authtest.Claims{Subject: "slow", Scope: "create:todos", ClientID: "soak"})
		s.request(conn, token, "Content-Length: 100000\r\n")
		s.cutOff("slow body", conn, " ", soakBodyLimit)
	}
}

// idle keeps a connection without using it.
func (s *soak) idle() {
	conn := s.dial()
	if conn == nil {
		return
	}
	defer conn.Close()
	s.incidents.note("idle")
	fmt.Fprintf(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	s.wait(15 * time.Second)
}

// fillHoard gives one person a list of a megabyte.
func (s *soak) fillHoard() {
	content := `{"content":"` + strings.Repeat("😀", 4000) + `"}`
	for range 60 {
		c := s.hoarder()
		c.tool, c.arguments = todos.ToolCreate, content
		kind, got := s.make(c)
		var r struct {
			Result struct{ StructuredContent todo }
		}
		if err := json.Unmarshal([]byte(got.body), &r); kind != "ok" || err != nil {
			return
		}
		s.victim.acknowledge(s.victim.created, r.Result.StructuredContent.ID)
	}
}

func (s *soak) hoarder() soakCall {
	token := s.issuers[0].Token(authtest.Claims{Subject: "hoarder", Scope: "create:todos", ClientID: "soak"})
	return soakCall{
		tool: todos.ToolList, arguments: `{}`, token: token, issuer: s.issuers[0].URL, person: "hoarder",
		want: "ok", unknownKey: s.rotating(s.issuers[0]),
	}
}

// slowReader asks for a long list and takes its time to read it: it gets all of it.
func (s *soak) slowReader() {
	conn := s.dial()
	if conn == nil {
		return
	}
	defer conn.Close()
	s.incidents.note("slow reader")
	_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	c, from := s.hoarder(), time.Now()
	body := toolCall(c.tool, c.arguments)
	s.request(conn, c.token, fmt.Sprintf("Content-Length: %d\r\n", len(body)))
	_, _ = io.WriteString(conn, body)
	var got answer
	resp, err := http.ReadResponse(bufio.NewReaderSize(slowly{conn, s}, 16<<10), nil)
	if err == nil {
		var text []byte
		text, err = io.ReadAll(resp.Body)
		got = answer{resp.StatusCode, resp.Header, string(text)}
	}
	kind := kindOf(got, err)
	if !s.due(c, kind, from, time.Now()) {
		s.fail("slow reader: %s %v after %d bytes: %.300s", kind, err, len(got.body), got.body)
	}
	s.tally.add(c.tool, kind, 0)
	if kind != "ok" {
		s.wait(time.Second)
	}
}

// request begins a call.
func (s *soak) request(conn net.Conn, token, headers string) {
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\n%s\r\n", strings.TrimPrefix(s.victim.url, "http://"), token, headers)
}

// slowly reads 16 KiB at a time, ten times a second, until the run is over.
type slowly struct {
	net.Conn
	soak *soak
}

func (r slowly) Read(p []byte) (int, error) {
	r.soak.wait(100 * time.Millisecond)
	return r.Conn.Read(p[:min(len(p), 16<<10)])
}
