package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A request in flight when the service is told to stop is carried out, answered and
// recorded; only then does the program end.
func TestDrain(t *testing.T) {
	p := startDev(t)
	token := p.token(t, "alice")
	body := toolCall("create-todo", `{"content":"just in time"}`)

	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		strings.TrimPrefix(p.url, "http://"), token, len(body))
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v: the request is not being read", line, err)
	}
	reader.ReadString('\n') // the empty line

	p.stop()
	eventually(t, "closed to others", func() bool {
		other, err := net.Dial("tcp", p.address)
		if err == nil {
			other.Close()
		}
		return err != nil
	})
	select {
	case <-p.exited:
		t.Fatal("the program ended with a request in flight")
	default:
	}

	io.WriteString(conn, body)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(text), "just in time") {
		t.Errorf("%d %s, %v", resp.StatusCode, text, err)
	}
	<-p.exited
	p.checkAudit(t, "alice create-todo allow ok scope create:todos")
	if kept, err := keptTodos(p.db); err != nil || len(kept) != 1 {
		t.Errorf("todos %q, %v", kept, err)
	}
}
