package httpserver_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"todomanager/internal/httpserver"
)

func TestWhoGetsThePage(t *testing.T) {
	s := newSite(t, nil)
	for accept, status := range map[string]int{
		browser:                                  200,
		"text/html":                              200,
		"TEXT/HTML ; q=0.5":                      200,
		"text/html, text/event-stream":           405,
		"application/json, text/event-stream":    405,
		"text/event-stream":                      405,
		"*/*":                                    405,
		"":                                       405,
		"text/htmlx":                             405,
		"application/json;profile=\"text/html\"": 405,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			got := s.do(t, method, "/", nil, "Accept", accept)
			if got.StatusCode != status {
				t.Errorf("%s with Accept %q: %d, want %d", method, accept, got.StatusCode, status)
			}
			if vary := strings.Join(got.Header.Values("Vary"), ","); !strings.Contains(vary, "Accept") {
				t.Errorf("%s with Accept %q: Vary %q", method, accept, vary)
			}
		}
	}
}

func TestPage(t *testing.T) {
	const url = "https://todo.example.com/mcp"
	s := newSite(t, func(r *httpserver.Routes) { r.Sites[0].PublicURL = url })
	got := s.do(t, "GET", "/mcp?<script>x</script>", nil, "Host", "todo.example.com", "Accept", browser,
		"User-Agent", "evil<i>", "X-Forwarded-Host", "evil.example", "Referer", "https://evil.example")
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("status %d, type %s", got.StatusCode, got.Header.Get("Content-Type"))
	}
	if n := strings.Count(got.body, url); n != 3 {
		t.Errorf("the URL is there %d times, want 3", n)
	}
	if strings.Contains(got.body, "evil") || strings.Contains(got.body, "script") {
		t.Error("the page reflects the request")
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(got.body)
	if style == nil {
		t.Fatal("no style")
	}
	hash := sha256.Sum256([]byte(style[1]))
	policy := got.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	// What the policy would block must not be used.
	if regexp.MustCompile(`(?i)\sstyle=|<script|<img|<link|\son\w+=|url\(`).MatchString(got.body) {
		t.Error("the page uses what its policy blocks")
	}
}
