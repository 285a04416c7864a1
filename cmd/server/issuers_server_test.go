package main

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"todomanager/internal/auth/authtest"
)

// startServe runs "server serve" with a configuration file until the test ends, and
// returns once it is ready. The public URL of the program is the one that the file is
// for; the server listens on port.
func startServe(t *testing.T, port, file string, flags ...string) *program {
	t.Helper()
	p := &program{
		address: "127.0.0.1:" + port, url: "http://localhost:" + port,
		db: filepath.Join(t.TempDir(), "todos.db"), exited: make(chan struct{}),
	}
	args := append([]string{"serve", "--listen", p.address, "--public-url", p.url,
		"--ops-listen", "", "--db", p.db, "--config", writeConfig(t, file)}, flags...)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(p.exited)
		p.code = run(ctx, args, &p.log, &p.log)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.exited
		if t.Failed() || p.code != exitOK {
			t.Errorf("exit code %d, log:\n%s", p.code, p.log.String())
		}
	})
	eventually(t, "ready", func() bool {
		resp, err := http.Get(p.url + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "todo.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// call posts a tools/call to a public URL of the server, which may be on another host.
func (p *program) call(t *testing.T, url, token, tool, arguments string) answer {
	t.Helper()
	return p.send(t, http.MethodPost, url, token, toolCall(tool, cmp.Or(arguments, "{}")))
}

func (p *program) send(t *testing.T, method, url, token, body string) answer {
	t.Helper()
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	got, err := message{
		method: method, url: "http://" + p.address + "/" + path, token: token, body: body,
		header: http.Header{"Host": {host}},
	}.send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

type testSite struct {
	url    string
	issuer *authtest.Issuer
}

func newTestSite(t *testing.T, url string) *testSite {
	s := &testSite{url, authtest.New(t)}
	s.issuer.Audience = url
	return s
}

func (s *testSite) token(subject, scope string) string {
	return s.issuer.Token(authtest.Claims{Subject: subject, Scope: scope, ClientID: "client"})
}

// metadataURL is the path-inserted address (RFC 9728 section 3.1).
func (s *testSite) metadataURL() string {
	host, path, found := strings.Cut(strings.TrimPrefix(s.url, "http://"), "/")
	if found {
		path = "/" + path
	}
	return "http://" + host + "/.well-known/oauth-protected-resource" + path
}
