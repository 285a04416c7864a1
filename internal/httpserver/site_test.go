package httpserver_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"todomanager/internal/httpserver"
	"todomanager/internal/observe"
)

const publicURL = "http://localhost:3001"

// site is a whole handler behind a real listener.
type site struct {
	*httptest.Server
	logs *logs
}

// newSite serves routes with one site whose endpoint answers what it read; change adapts
// them.
func newSite(t *testing.T, change func(*httpserver.Routes)) *site {
	t.Helper()
	logs := new(logs)
	server := httptest.NewServer(newHandler(t, logs, change))
	t.Cleanup(server.Close)
	return &site{server, logs}
}

func newHandler(t *testing.T, logs *logs, change func(*httpserver.Routes)) http.Handler {
	t.Helper()
	routes := httpserver.Routes{
		Sites: []httpserver.Site{{
			PublicURL:     publicURL,
			Endpoint:      http.HandlerFunc(echo),
			Metadata:      text("metadata"),
			MetadataPaths: []string{"/.well-known/oauth-protected-resource"},
		}},
		Health: httpserver.NewHealth(logs.logger()),
		Logger: logs.logger(),
	}
	if change != nil {
		change(&routes)
	}
	handler, err := routes.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// echo reads the whole body first and answers 400 if it cannot, as go-sdk does.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "failed to read body", http.StatusBadRequest)
		return
	}
	_, _ = w.Write(body)
}

func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) })
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// do sends a request for the public host; header holds name, value pairs, of which
// the name Host sets the request's host.
func (s *site) do(t *testing.T, method, path string, body io.Reader, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	prepare(req, header)
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(got)}
}

func prepare(req *http.Request, header []string) {
	req.Host = "localhost:3001"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		} else {
			req.Header.Add(header[i], header[i+1])
		}
	}
}

// wantRefusal wants a JSON error of this status and reason.
func wantRefusal(t *testing.T, got answer, status int, reason string) {
	t.Helper()
	var e struct {
		Error       string
		Description string `json:"error_description"`
		Reason      string
	}
	if err := json.Unmarshal([]byte(got.body), &e); err != nil {
		t.Fatalf("status %d, body %q: %v", got.StatusCode, got.body, err)
	}
	if got.StatusCode != status || e.Reason != reason || e.Error == "" || e.Description == "" {
		t.Errorf("status %d, body %s; want %d, reason %s", got.StatusCode, got.body, status, reason)
	}
	if kind := got.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type %q", kind)
	}
}

// logs collects records.
type logs struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *logs) logger() *slog.Logger {
	level := new(slog.LevelVar)
	level.Set(slog.LevelDebug)
	return observe.NewLogger(l, level, false)
}

// named returns the records with this message.
func (l *logs) named(t *testing.T, message string) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []map[string]any
	for line := range strings.Lines(l.out.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(record["msg"].(string), message) {
			found = append(found, record)
		}
	}
	return found
}

func trust(prefixes ...string) func(*httpserver.Routes) {
	return func(r *httpserver.Routes) {
		for _, prefix := range prefixes {
			r.TrustedProxies = append(r.TrustedProxies, netip.MustParsePrefix(prefix))
		}
	}
}
