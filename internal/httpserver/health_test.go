package httpserver_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/httpserver"
)

func ok(context.Context) error { return nil }

func TestHealth(t *testing.T) {
	s := newSite(t, func(r *httpserver.Routes) {
		r.Health = httpserver.NewHealth(r.Logger,
			httpserver.Check{Name: "database", Run: func(context.Context) error { return errors.New("disk hunter2 is gone") }},
			httpserver.Check{Name: "keys", Run: ok})
	})
	for _, test := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/livez", 200, `{"status":"ok"}`},
		{"GET", "/readyz", 503, `{"status":"unavailable","failing":["database"]}`},
		{"HEAD", "/livez", 200, ""},
		{"HEAD", "/readyz", 503, ""},
	} {
		got := s.do(t, test.method, test.path, nil, "Host", "10.0.0.7:3001", "Origin", "null")
		if got.StatusCode != test.status || strings.TrimSpace(got.body) != test.body {
			t.Errorf("%s %s: %d %s", test.method, test.path, got.StatusCode, got.body)
		}
		if got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control %q", got.Header.Get("Cache-Control"))
		}
	}
	got := s.do(t, "POST", "/readyz", nil)
	wantRefusal(t, got, 405, "method_not_allowed")
	if got.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow %q", got.Header.Get("Allow"))
	}
	s.Close()
	if lines := s.logs.named(t, "not ready"); len(lines) != 1 || !strings.Contains(lines[0]["err"].(string), "hunter2") {
		t.Errorf("the operator is told %v", lines)
	}
}

func TestHealthOnItsOwnListener(t *testing.T) {
	server := httptest.NewServer(httpserver.NewHealth(new(logs).logger()))
	defer server.Close()
	for path, status := range map[string]int{"/livez": 200, "/readyz": 200, "/": 404} {
		res, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

func TestReadinessIsCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs int
		var broken error
		logs := new(logs)
		health := httpserver.NewHealth(logs.logger(), httpserver.Check{Name: "x", Run: func(context.Context) error {
			runs++
			return broken
		}})
		want := func(status, wantRuns int) {
			t.Helper()
			w := httptest.NewRecorder()
			health.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
			if w.Code != status || runs != wantRuns {
				t.Errorf("status %d after %d runs; want %d after %d", w.Code, runs, status, wantRuns)
			}
		}
		want(200, 1)
		broken = errors.New("gone")
		time.Sleep(999 * time.Millisecond)
		want(200, 1)
		time.Sleep(time.Millisecond)
		want(503, 2)
		time.Sleep(time.Second)
		want(503, 3)
		broken = nil
		time.Sleep(time.Second)
		want(200, 4)
		if len(logs.named(t, "not ready")) != 1 || len(logs.named(t, "ready again")) != 1 {
			t.Error("each change is logged once")
		}
	})
}

func TestReadinessChecksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		health := httpserver.NewHealth(new(logs).logger(),
			httpserver.Check{Name: "a", Run: hang}, httpserver.Check{Name: "b", Run: hang}, httpserver.Check{Name: "c", Run: ok})
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // a probe that has gone away must not make the checks fail early
		start := time.Now()
		w := httptest.NewRecorder()
		health.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/readyz", nil))
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `["a","b"]`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %v, want 2s for all", took)
		}
	})
}
