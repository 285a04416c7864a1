package httpserver_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"todomanager/internal/httpserver"
)

// short is a time limit that a test can wait for; long is one that it cannot.
const (
	short = 20 * time.Millisecond
	long  = time.Hour
)

// TestSlowHeader: a header that never ends, and a connection on which nothing is said,
// are ended by the header's limit alone.
func TestSlowHeader(t *testing.T) {
	address, _ := start(t, httpserver.Options{
		Handler: text("ok"), Timeouts: httpserver.Timeouts{Header: short, Read: long, Write: long, Idle: long},
	})
	for _, said := range []string{"", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + strings.Repeat("a", 1000)} {
		c := dial(t, address)
		c.send(said)
		if rest := c.ended(); strings.Contains(rest, "200 OK") {
			t.Errorf("%.30q was served: %q", said, rest)
		}
	}
}

// TestIdleConnectionIsClosed after one answer.
func TestIdleConnectionIsClosed(t *testing.T) {
	address, _ := start(t, httpserver.Options{
		Handler: text("ok"), Timeouts: httpserver.Timeouts{Header: long, Read: long, Write: long, Idle: short},
	})
	c := dial(t, address)
	if got := c.get(); got != 200 {
		t.Errorf("status %d", got)
	}
	if rest := c.ended(); rest != "" {
		t.Errorf("then %q", rest)
	}
}

// TestSlowBody: a body that never ends makes the read fail, so that the handler answers
// and ends.
func TestSlowBody(t *testing.T) {
	read := make(chan error, 1)
	address, _ := start(t, httpserver.Options{
		Timeouts: httpserver.Timeouts{Header: long, Read: short, Write: long, Idle: long},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			read <- err
			w.WriteHeader(http.StatusBadRequest)
		}),
	})
	for _, framing := range []string{"Content-Length: 1000\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\""} {
		c := dial(t, address)
		c.send("POST / HTTP/1.1\r\nHost: x\r\n" + framing)
		if err := <-read; err == nil {
			t.Error("a body without an end was read")
		}
		c.ended()
	}
}

// TestSlowReader: who does not read a large answer holds the handler for the write limit
// at most.
func TestSlowReader(t *testing.T) {
	written := make(chan error, 1)
	address, _ := start(t, httpserver.Options{
		Timeouts: httpserver.Timeouts{Header: long, Read: long, Write: short, Idle: long},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var err error
			for chunk := make([]byte, 1<<20); err == nil; { // more than any buffer between the two
				_, err = w.Write(chunk)
			}
			written <- err
		}),
	})
	c := dial(t, address)
	c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-written
}

// TestManySlowClients: with all of them at once, and as many connections as may be open,
// somebody else is served in the end.
func TestManySlowClients(t *testing.T) {
	address, _ := start(t, httpserver.Options{
		Handler: text("ok"), MaxConnections: 8,
		Timeouts: httpserver.Timeouts{Header: short, Read: short, Write: short, Idle: long},
	})
	for range 50 {
		dial(t, address).send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n")
	}
	if got := dial(t, address).get(); got != 200 {
		t.Errorf("status %d", got)
	}
}
