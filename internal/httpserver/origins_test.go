package httpserver_test

import (
	"strings"
	"testing"

	"todomanager/internal/httpserver"
)

func TestOrigins(t *testing.T) {
	s := newSite(t, func(r *httpserver.Routes) { r.AllowedOrigins = []string{"https://app.example.com"} })
	for name, test := range map[string]struct {
		origins []string
		allowed bool
	}{
		"absent":       {nil, true},
		"own":          {[]string{publicURL}, true},
		"configured":   {[]string{"https://app.example.com"}, true},
		"null":         {[]string{"null"}, false},
		"empty":        {[]string{""}, false},
		"foreign":      {[]string{"https://evil.example"}, false},
		"other scheme": {[]string{"http://app.example.com"}, false},
		"other port":   {[]string{"http://localhost:3002"}, false},
		"suffix":       {[]string{"https://app.example.com.evil.example"}, false},
		"with a slash": {[]string{"https://app.example.com/"}, false},
		"two":          {[]string{publicURL, publicURL}, false},
		"good and bad": {[]string{publicURL, "https://evil.example"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var header []string
			for _, origin := range test.origins {
				header = append(header, "Origin", origin)
			}
			got := s.do(t, "POST", "/", nil, header...)
			cors := got.Header.Get("Access-Control-Allow-Origin")
			if !test.allowed {
				wantRefusal(t, got, 403, "origin_not_allowed")
				if cors != "" {
					t.Errorf("refused with Access-Control-Allow-Origin %q", cors)
				}
			} else if got.StatusCode != 200 || cors != strings.Join(test.origins, "") {
				t.Errorf("status %d, Access-Control-Allow-Origin %q", got.StatusCode, cors)
			}
			if got.Header.Get("Vary") != "Origin" {
				t.Errorf("Vary %q", got.Header.Get("Vary"))
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	s := newSite(t, func(r *httpserver.Routes) { r.AllowedOrigins = []string{"https://app.example.com"} })
	ask := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,mcp-method"}
	got := s.do(t, "OPTIONS", "/", nil, append(ask, "Origin", "https://app.example.com")...)
	if got.StatusCode != 204 || got.Header.Get("Access-Control-Allow-Methods") != "POST" ||
		!strings.Contains(got.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("status %d, header %v", got.StatusCode, got.Header)
	}
	wantRefusal(t, s.do(t, "OPTIONS", "/", nil, append(ask, "Origin", "https://evil.example")...), 403, "origin_not_allowed")
}

func TestMetadataIsForEveryOrigin(t *testing.T) {
	s := newSite(t, nil)
	if got := s.do(t, "GET", "/.well-known/oauth-protected-resource", nil, "Origin", "https://evil.example"); got.StatusCode != 200 {
		t.Errorf("status %d", got.StatusCode)
	}
}
