package mcp_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"
	"todomanager/internal/httpserver"
	"todomanager/internal/mcp"
	"todomanager/internal/observe"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// nowhere takes an answer and keeps its status.
type nowhere struct {
	header http.Header
	status int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) WriteHeader(status int)      { w.status = status }
func (w *nowhere) Write(p []byte) (int, error) { return len(p), nil }

// benchmark sends the same call again and again.
func benchmark(b *testing.B, h http.Handler, e era, tool, arguments string, extra map[string]string) {
	b.Helper()
	message := e.toolCall(tool, arguments)
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	for _, more := range []map[string]string{message.header, extra} {
		for name, value := range more {
			header.Set(name, value)
		}
	}
	first := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "http://localhost/", nil)
	first.Header, first.ContentLength = header, int64(len(message.body))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := *first
			r.Body = io.NopCloser(strings.NewReader(message.body))
			w := &nowhere{header: make(http.Header)}
			if h.ServeHTTP(w, &r); w.status >= 400 {
				b.Fatalf("status %d", w.status)
			}
		}
	})
}

// BenchmarkDoor measures the door alone.
func BenchmarkDoor(b *testing.B) {
	f := &fake{}
	for range 10 {
		f.page.Todos = append(f.page.Todos, milk)
	}
	for name, direct := range map[string]bool{"direct": true, "sdk": false} {
		o := options(quiet{f})
		o.Direct = direct
		door, err := mcp.New(o)
		if err != nil {
			b.Fatal(err)
		}
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			door.ServeHTTP(w, r.WithContext(auth.WithPrincipal(r.Context(), alice)))
		})
		for _, e := range eras {
			b.Run(fmt.Sprintf("create/%s/%s", name, e), func(b *testing.B) { benchmark(b, h, e, todos.ToolCreate, `{"content":"milk"}`, nil) })
			b.Run(fmt.Sprintf("get10/%s/%s", name, e), func(b *testing.B) { benchmark(b, h, e, todos.ToolList, `{}`, nil) })
		}
	}
}

// quiet forgets the calls.
type quiet struct{ *fake }

func (q quiet) Create(context.Context, audit.Call, todos.CreateInput) (todos.Todo, error) {
	return milk, nil
}

func (q quiet) List(context.Context, audit.Call, todos.ListInput) (todos.Page, error) {
	return q.page, nil
}

// BenchmarkStack measures the way of a request from the HTTP server's handler to the disk and back.
func BenchmarkStack(b *testing.B) {
	for name, direct := range map[string]bool{"direct": true, "sdk": false} {
		h, token := stack(b, direct)
		bearer := map[string]string{"Authorization": "Bearer " + token}
		for range 10 {
			w, message := httptest.NewRecorder(), handshake.toolCall(todos.ToolCreate, `{"content":"buy milk"}`)
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "http://localhost/", strings.NewReader(message.body))
			for name, value := range map[string]string{
				"Authorization": "Bearer " + token, "Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": "2025-11-25",
			} {
				r.Header.Set(name, value)
			}
			if h.ServeHTTP(w, r); w.Code != http.StatusOK {
				b.Fatalf("status %d: %s", w.Code, w.Body)
			}
		}
		for _, e := range eras {
			b.Run(fmt.Sprintf("get10/%s/%s", name, e), func(b *testing.B) {
				b.SetParallelism(16) // calls that come together share the disk's time
				benchmark(b, h, e, todos.ToolList, `{"limit":10}`, bearer)
			})
			b.Run(fmt.Sprintf("create/%s/%s", name, e), func(b *testing.B) {
				b.SetParallelism(16)
				benchmark(b, h, e, todos.ToolCreate, `{"content":"buy milk"}`, bearer)
			})
		}
	}
}

// stack is the server as cmd/server wires it.
func stack(b *testing.B, direct bool) (h http.Handler, token string) {
	b.Helper()
	const public = "http://localhost"
	issuer := authtest.New(b)
	issuer.Audience = public
	logger := observe.NewLogger(io.Discard, new(slog.LevelVar), false)
	scopes := todos.Scopes()
	verifier, err := auth.NewVerifier(auth.Options{Issuers: []auth.Issuer{{URL: issuer.URL}}, Resource: public, Scopes: scopes, Logger: logger, Client: issuer.Client()})
	if err != nil {
		b.Fatal(err)
	}
	guard, err := auth.NewGuard(auth.GuardOptions{
		Resource: public, Issuers: []string{issuer.URL}, Scopes: scopes, Spell: verifier.ScopeNames, Verify: verifier.Verify, Logger: logger, ResourceName: "x",
	})
	if err != nil {
		b.Fatal(err)
	}
	store, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "todos.db"), Logger: logger})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	service, err := todos.NewService(todos.Options{Store: store, Logger: logger})
	if err != nil {
		b.Fatal(err)
	}
	endpoint, err := mcp.New(mcp.Options{
		Service: service, Version: "1", Logger: logger, Direct: direct,
		RequestID: observe.RequestID, InsufficientScope: guard.InsufficientScope, Traced: observe.SetTraceID,
	})
	if err != nil {
		b.Fatal(err)
	}
	h, err = httpserver.Routes{
		Sites: []httpserver.Site{{
			PublicURL: public, Endpoint: guard.Require(httpserver.NewBuckets().RateLimit(1e9, 1e9, nil)(endpoint)), Metadata: guard.Metadata(), MetadataPaths: guard.MetadataPaths(),
		}},
		Health: httpserver.NewHealth(logger), Logger: logger,
	}.Handler()
	if err != nil {
		b.Fatal(err)
	}
	return h, issuer.Token(authtest.Claims{Subject: "alice", Scope: strings.Join(scopes, " ")})
}
