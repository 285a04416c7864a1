package devauth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"todomanager/internal/devauth"
	"todomanager/internal/devauth/devauthtest"
)

const (
	resource = "http://localhost:3001"
	callback = "http://127.0.0.1:6274/callback"
	verifier = "a-code-verifier-of-forty-three-characters-at-least"
)

// server is a running authorization server under test.
type server struct {
	t      *testing.T
	url    string
	clock  *clock
	log    *syncBuffer
	client *http.Client
	stop   func()
}

// start runs a server over dir on an address of its own, or on addr if given.
func start(t *testing.T, dir, addr string, adjust ...func(*devauth.Config)) *server {
	t.Helper()
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, url: "http://" + l.Addr().String(), clock: &clock{now: time.Now()}, log: &syncBuffer{}}
	cfg := config(s.url, dir)
	cfg.Now, cfg.Logger = s.clock.Now, slog.New(slog.NewTextHandler(s.log, nil))
	for _, f := range adjust {
		f(&cfg)
	}
	as, err := devauth.New(cfg)
	if err != nil {
		l.Close()
		t.Fatal(err)
	}
	ts := httptest.NewUnstartedServer(as.Handler())
	ts.Listener.Close()
	ts.Listener = l
	ts.Start()
	s.stop = ts.Close
	t.Cleanup(ts.Close)
	s.client = ts.Client()
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s
}

func config(issuer, dir string) devauth.Config {
	return devauth.Config{
		Issuer: issuer, Resource: resource, Dir: dir,
		Scopes: []devauth.Scope{{Name: "create:todos", Description: "Create todos"}, {Name: "read:todos", Description: "Read all"}, {Name: "delete:todos", Description: "Delete any"},
			{Name: "read:audit", Description: "Read the log", Unlisted: true}},
		People: []devauth.Person{
			{Name: "alice", DisplayName: "Alice", Role: "User", Scopes: []string{"create:todos"}},
			{Name: "admin", DisplayName: "Admin", Role: "Admin", Scopes: []string{"create:todos", "read:todos", "delete:todos", "read:audit"}},
			{Name: "guest", DisplayName: "Guest"},
		},
	}
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("body %q: %v", a.body, err)
	}
	return m
}

func (s *server) do(method, path, body string, header ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(data)}
}

func (s *server) post(path string, form url.Values, header ...string) answer {
	s.t.Helper()
	return s.do("POST", path, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

func (s *server) register(metadata string) answer {
	s.t.Helper()
	return s.do("POST", "/register", metadata, "Content-Type", "application/json")
}

// publicClient registers a client without a secret, for callback.
func (s *server) publicClient() string {
	s.t.Helper()
	a := s.register(`{"redirect_uris":["` + callback + `"],"client_name":"Test","token_endpoint_auth_method":"none"}`)
	if a.status != http.StatusCreated {
		s.t.Fatalf("register: %d %s", a.status, a.body)
	}
	return a.json(s.t)["client_id"].(string)
}

// request is a complete authorization request, with changes as name, value
// pairs; the empty value drops a parameter.
func request(clientID string, changes ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback}, "state": {"s1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		"resource": {resource},
	}
	return with(q, changes...)
}

func with(v url.Values, changes ...string) url.Values {
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			v.Del(changes[i])
			continue
		}
		v.Set(changes[i], changes[i+1])
	}
	return v
}

func (s *server) authorize(q url.Values) answer {
	s.t.Helper()
	return s.do("GET", "/authorize?"+q.Encode(), "")
}

// signIn runs both pages and returns the parameters of the callback.
func (s *server) signIn(q url.Values, person string, scopes ...string) url.Values {
	s.t.Helper()
	got, err := devauthtest.SignIn(context.WithoutCancel(s.t.Context()), s.client, s.url+"/authorize?"+q.Encode(), person, scopes...)
	if err != nil {
		s.t.Fatal(err)
	}
	u, err := url.Parse(got)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Query()
}

func codeForm(clientID, code string, changes ...string) url.Values {
	return with(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "code": {code},
		"redirect_uri": {callback}, "code_verifier": {verifier},
	}, changes...)
}

func refreshForm(clientID, token string, changes ...string) url.Values {
	return with(url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {token}}, changes...)
}

// tokens signs in and redeems the code.
func (s *server) tokens(clientID, person string, changes ...string) map[string]any {
	s.t.Helper()
	code := s.signIn(request(clientID, changes...), person).Get("code")
	a := s.post("/token", codeForm(clientID, code))
	if a.status != http.StatusOK {
		s.t.Fatalf("token: %d %s", a.status, a.body)
	}
	return a.json(s.t)
}

func wantError(t *testing.T, a answer, status int, code string) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d %s, want %d", a.status, a.body, status)
	}
	if got := a.json(t)["error"]; got != code {
		t.Fatalf("error %v, want %s", got, code)
	}
}

// claims decodes a token without verifying it.
func claims(t *testing.T, token any) (header, payload map[string]any) {
	t.Helper()
	parts := strings.Split(token.(string), ".")
	for i, dst := range []*map[string]any{&header, &payload} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, dst); err != nil {
			t.Fatal(err)
		}
	}
	return header, payload
}

var flowField = regexp.MustCompile(`name="flow" value="([A-Z0-9]+)"`)

// flowID returns the id that a page carries.
func flowID(t *testing.T, a answer) string {
	t.Helper()
	m := flowField.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no flow on the page: %d %s", a.status, a.body)
	}
	return m[1]
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func withResource(r string) func(*devauth.Config) {
	return func(c *devauth.Config) { c.Resource = r }
}
