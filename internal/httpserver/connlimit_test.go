package httpserver_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"todomanager/internal/httpserver"
)

// client is a connection that is used by hand.
type client struct {
	t *testing.T
	net.Conn
	*bufio.Reader
}

func dial(t *testing.T, address string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t, conn, bufio.NewReader(conn)}
}

// send writes text as it is.
func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// answer reads a whole one.
func (c *client) answer() int {
	c.t.Helper()
	res, err := http.ReadResponse(c.Reader, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode
}

func (c *client) get() int {
	c.t.Helper()
	c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	return c.answer()
}

// ended waits for the server to close the connection and returns what came before.
func (c *client) ended() string {
	c.t.Helper()
	rest, err := io.ReadAll(c.Reader)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatal(err)
	}
	return string(rest)
}

// TestIdleConnectionsMakeRoom: who keeps more connections than may be open, without using
// them, keeps nobody out.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	logs := new(logs)
	address, _ := start(t, httpserver.Options{Handler: text("ok"), MaxConnections: 3, Logger: logs.logger()})
	const hoarded = 10
	ended := make(chan string, hoarded)
	for range hoarded {
		c := dial(t, address)
		if got := c.get(); got != 200 {
			t.Fatal(got)
		}
		go func() {
			rest, _ := io.ReadAll(c.Reader)
			ended <- string(rest)
		}()
	}
	for range hoarded - 3 {
		if rest := <-ended; rest != "" {
			t.Errorf("a connection that was idle got %q", rest)
		}
	}
	select {
	case <-ended:
		t.Error("fewer connections stay open than may")
	default:
	}
	if got := logs.named(t, "the connection limit is reached"); len(got) != 1 || got[0]["level"] != "WARN" {
		t.Errorf("told %d times: %v", len(got), got)
	}
}

// TestBusyConnectionsMakeOthersWait: where all connections are in use a further one is
// served when one of them is done.
func TestBusyConnectionsMakeOthersWait(t *testing.T) {
	entered, release := make(chan struct{}, 10), make(chan struct{})
	logs := &waiting{told: make(chan struct{}, 1)}
	address, stop := start(t, httpserver.Options{
		MaxConnections: 2, Logger: logs.logger(), Grace: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			<-release
		}),
	})
	var busy []*client
	for range 2 {
		c := dial(t, address)
		c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		<-entered
		busy = append(busy, c)
	}
	third := dial(t, address)
	third.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-logs.told
	select {
	case <-entered:
		t.Fatal("a third connection was served while two were in use")
	default:
	}
	release <- struct{}{}
	<-entered // the third
	close(release)
	for _, c := range append(busy, third) {
		if got := c.answer(); got != 200 {
			t.Errorf("status %d", got)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestWaitingConnectionDoesNotHinderTheEnd: the server stops while a connection waits.
func TestWaitingConnectionDoesNotHinderTheEnd(t *testing.T) {
	logs := &waiting{told: make(chan struct{}, 1)}
	address, stop := start(t, httpserver.Options{Handler: text("ok"), MaxConnections: 1, Logger: logs.logger(), Grace: time.Minute})
	first := dial(t, address) // says nothing, so it is not idle but new
	second := dial(t, address)
	<-logs.told
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	second.ended()
	first.Close()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestTLSConnectionsMakeRoom: the same with TLS, where HTTP/2 is spoken.
func TestTLSConnectionsMakeRoom(t *testing.T) {
	pair, roots := keyPair(t)
	address, _ := start(t, httpserver.Options{Certificate: func() *tls.Certificate { return pair }, Handler: text("ok"), MaxConnections: 2})
	for i := range 8 {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: i%2 == 0}}
		res, err := client.Get("https://" + address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}

// waiting tells when the log says that connections wait.
type waiting struct{ told chan struct{} }

func (w *waiting) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("new ones wait")) {
		w.told <- struct{}{}
	}
	return len(line), nil
}

func (w *waiting) logger() *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
