package auth_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"
)

const resource = "http://localhost:3001"

// secret marks every value of a token that an answer or the log could repeat.
const secret = "SECRET"

// env is a whole resource server behind real HTTP, with its issuer.
type env struct {
	t        *testing.T
	issuer   *authtest.Issuer
	verifier *auth.Verifier
	guard    *auth.Guard
	server   *httptest.Server
	log      *lockedBuffer
	now      time.Time

	mu      sync.Mutex
	seen    []auth.Principal
	refused []auth.Reason
}

type setup struct {
	algs   []string
	issuer func(*auth.Issuer)
	others []*authtest.Issuer
}

func newEnv(t *testing.T, s setup) *env {
	t.Helper()
	e := &env{t: t, issuer: authtest.New(t, s.algs...), log: &lockedBuffer{}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	e.issuer.Now = func() time.Time { return e.now }
	trusted := auth.Issuer{URL: e.issuer.URL}
	if s.issuer != nil {
		s.issuer(&trusted)
	}
	issuers := []auth.Issuer{trusted}
	urls := []string{trusted.URL}
	for _, other := range s.others {
		other.Now = e.issuer.Now
		issuers = append(issuers, auth.Issuer{URL: other.URL})
		urls = append(urls, other.URL)
	}
	logger := slog.New(slog.NewJSONHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	e.verifier, err = auth.NewVerifier(auth.Options{
		Issuers: issuers, Resource: resource, Logger: logger, Scopes: ourScopes(),
		Now: func() time.Time { return e.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	e.guard, err = auth.NewGuard(auth.GuardOptions{
		Resource: resource, Issuers: urls, Scopes: ourScopes(), Spell: e.verifier.ScopeNames,
		Verify: e.verifier.Verify, Logger: logger, Refused: e.refuse,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.server = httptest.NewServer(e.guard.Require(http.HandlerFunc(e.tool)))
	t.Cleanup(e.server.Close)
	return e
}

func ourScopes() []string { return []string{"read:todos", "create:todos", "delete:todos"} }

// tool is the protected handler. It needs a scope if ?needs= names some.
func (e *env) tool(w http.ResponseWriter, r *http.Request) {
	p, ok := auth.PrincipalFrom(r.Context())
	if !ok {
		e.t.Error("handler reached without a principal")
	}
	e.mu.Lock()
	e.seen = append(e.seen, p)
	e.mu.Unlock()
	for _, scope := range r.URL.Query()["needs"] {
		if !p.Scopes.Has(scope) {
			e.guard.InsufficientScope(w, p, scope)
			return
		}
	}
	io.WriteString(w, "ok")
}

func (e *env) refuse(_ context.Context, reason auth.Reason, _ string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refused = append(e.refused, reason)
}

// caller returns the only principal that reached the handler.
func (e *env) caller() auth.Principal {
	e.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.seen) != 1 {
		e.t.Fatalf("handler reached %d times, want once", len(e.seen))
	}
	return e.seen[0]
}

type response struct {
	*http.Response
	body  string
	error auth.ErrorBody
}

// send writes a request by hand, so that the header lines arrive as they are.
func (e *env) send(request string) response {
	e.t.Helper()
	conn, err := net.Dial("tcp", e.server.Listener.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		e.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	r := response{Response: resp, body: string(body)}
	if resp.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(body, &r.error); err != nil {
			e.t.Errorf("body is not JSON: %q", body)
		}
	}
	return r
}

func (e *env) get(target string, headerLines ...string) response {
	e.t.Helper()
	lines := append([]string{"GET " + target + " HTTP/1.1", "Host: localhost", "Connection: close"}, headerLines...)
	return e.send(strings.Join(lines, "\r\n") + "\r\n\r\n")
}

func (e *env) bearer(token string) response {
	e.t.Helper()
	return e.get("/", "Authorization: Bearer "+token)
}

// token returns a good token whose every value is marked.
func (e *env) token(extra map[string]any) string {
	return e.issuer.Token(authtest.Claims{Subject: "alice-" + secret, ClientID: "client-" + secret,
		Scope: "create:todos read:todos", Extra: extra})
}

// checkClean fails if a part of the token or a marked value got out.
func (e *env) checkClean(r response, token string) {
	e.t.Helper()
	var out bytes.Buffer
	r.Header.Write(&out)
	out.WriteString(r.body)
	out.WriteString(e.log.String())
	leaks := []string{secret}
	for part := range strings.SplitSeq(token, ".") {
		if len(part) >= 12 {
			leaks = append(leaks, part[:12])
		}
	}
	for _, leak := range leaks {
		if strings.Contains(out.String(), leak) {
			e.t.Errorf("%q appears in the answer or the log:\n%s", leak, out.String())
		}
	}
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
