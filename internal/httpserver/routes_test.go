package httpserver_test

import (
	"net/http"
	"strings"
	"testing"

	"todomanager/internal/httpserver"
)

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func TestRouting(t *testing.T) {
	root := newSite(t, nil)
	below := newSite(t, func(r *httpserver.Routes) {
		r.Sites[0].PublicURL = "http://localhost:3001/mcp"
		r.Sites[0].MetadataPaths = []string{"/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"}
	})
	for _, test := range []struct {
		site         *site
		method, path string
		status       int
		body         string
	}{
		{root, "POST", "/", 200, "hello"},
		{root, "POST", "/?query", 200, "hello"},
		{root, "POST", "/mcp", 404, "nothing is served at this path; use exactly http://localhost:3001\""},
		{root, "GET", "/favicon.ico", 404, "unknown_path"},
		{root, "GET", "/.well-known/oauth-protected-resource", 200, "metadata"},
		{root, "GET", "/.well-known/oauth-protected-resource/mcp", 404, "unknown_path"},
		{below, "POST", "/mcp", 200, "hello"},
		{below, "POST", "/mcp/", 404, "; use exactly http://localhost:3001/mcp\""},
		{below, "POST", "//mcp", 404, "unknown_path"},
		{below, "POST", "/", 404, "unknown_path"},
		{below, "GET", "/.well-known/oauth-protected-resource/mcp", 200, "metadata"},
	} {
		got := test.site.do(t, test.method, test.path, strings.NewReader("hello"))
		if got.StatusCode != test.status || !strings.Contains(got.body, test.body) {
			t.Errorf("%s %s: %d %s; want %d %s", test.method, test.path, got.StatusCode, got.body, test.status, test.body)
		}
	}
}

func TestOtherMethodsAreRefusedBeforeAuthentication(t *testing.T) {
	reached := false
	s := newSite(t, func(r *httpserver.Routes) {
		r.Sites[0].Endpoint = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	})
	for _, method := range []string{"GET", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"} {
		got := s.do(t, method, "/", nil, "Accept", "text/event-stream")
		wantRefusal(t, got, http.StatusMethodNotAllowed, "method_not_allowed")
		if allow := got.Header.Get("Allow"); allow != "POST" {
			t.Errorf("%s: Allow %q", method, allow)
		}
	}
	if got := s.do(t, "HEAD", "/", nil); got.StatusCode != 405 || got.Header.Get("Allow") != "POST" {
		t.Errorf("HEAD: %d", got.StatusCode)
	}
	if reached {
		t.Error("the endpoint was reached")
	}
}

func TestSitesThatCannotBeServed(t *testing.T) {
	at := func(urls ...string) (sites []httpserver.Site) {
		for _, url := range urls {
			sites = append(sites, httpserver.Site{PublicURL: url, MetadataPaths: []string{"/.well-known/x"}})
		}
		return sites
	}
	for name, sites := range map[string][]httpserver.Site{
		"none":            nil,
		"not a URL":       at("http://[::1"),
		"no metadata":     {{PublicURL: publicURL}},
		"same":            at("https://a.example/mcp", "https://b.example/mcp", "https://a.example/mcp"),
		"same but slash":  at("https://a.example", "https://a.example/"),
		"same but scheme": at("http://localhost/mcp", "https://localhost/mcp"),
		"same with port":  at("http://localhost:443", "https://localhost"),
	} {
		if _, err := (httpserver.Routes{Sites: sites}).Handler(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
