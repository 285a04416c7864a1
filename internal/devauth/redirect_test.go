package devauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"todomanager/internal/devauth"
)

func TestRedirectURIRule(t *testing.T) {
	s := start(t, t.TempDir(), "")
	for uri, ok := range map[string]bool{
		"http://localhost:6274/oauth/callback":         true,
		"http://127.0.0.1:33418/":                      true,
		"http://127.0.0.1/":                            true,
		"http://127.0.0.1":                             true,
		"http://[::1]:8080/cb?x=1":                     true,
		"https://vscode.dev/redirect":                  true,
		"cursor://anysphere.cursor-mcp/oauth/callback": true,
		"vscode://vscode.github-authentication/cb":     true,
		"com.example.app:/oauth":                       true,
		"com.example.app://cb":                         true,

		"":                                     false,
		"/callback":                            false,
		"app.example":                          false, // a path with a dot, not a scheme
		"http://localhost.evil.example/":       false,
		"http://localhost@evil.example/":       false,
		"http://127.0.0.1:80@evil.example/":    false,
		"http://user@localhost/":               false,
		"http://127.0.0.1.evil.example/":       false,
		"http://127.0.0.2/":                    false,
		"http://0.0.0.0/":                      false,
		"http://192.168.1.2/":                  false,
		"http://evil.example/localhost":        false,
		"http://localhost:/":                   false,
		"http://localhost:80x/":                false,
		"http://localhost\\@evil.example/":     false,
		"http://localhost:1/cb#fragment":       false,
		"http://localhost:1/c b":               false,
		"http://localhost:1/\r\nX: y":          false,
		"HTTP://localhost:1/":                  false,
		"https://localhost:1/":                 false,
		"https://vscode.dev/redirect/":         false,
		"https://vscode.dev/redirect?to=evil":  false,
		"https://vscode.dev.evil/redirect":     false,
		"https://example.com/cb":               false,
		"javascript:alert(1)":                  false,
		"JavaScript:alert(1)":                  false,
		"javascript://localhost/%0aalert(1)":   false,
		"data:text/html,x":                     false,
		"vbscript:x":                           false,
		"file:///etc/passwd":                   false,
		"blob:http://localhost/x":              false,
		"about:blank":                          false,
		"ftp://localhost/":                     false,
		"ws://localhost/":                      false,
		"myapp:/cb":                            false,
		"Com.Example:/cb":                      false,
		"com.example.app:/" + long(512):        false,
		"com.example.app:/caf\u00e9":           false,
		"com.example.app://user:pass@host/cb":  false,
		"com.example.app:/cb#access_token=x":   false,
		"com.example.app:/<script>":            false,
		"//localhost/cb":                       false,
		" http://localhost/":                   false,
		"http://localhost:1/cb%zz":             false,
		"http://[::1%25eth0]/":                 false,
		"http://[::ffff:127.0.0.1]/":           false,
		"http://2130706433/":                   false,
		"http://localhost.:1/":                 false,
		"http://127.0.0.1:6274evil.example/cb": false,
	} {
		md, _ := json.Marshal(map[string]any{"redirect_uris": []string{uri}})
		a := s.register(string(md))
		if ok && a.status != http.StatusCreated {
			t.Errorf("%q refused: %s", uri, a.body)
		}
		if !ok && (a.status != http.StatusBadRequest || a.json(t)["error"] != "invalid_redirect_uri") {
			t.Errorf("%q: %d %s, want invalid_redirect_uri", uri, a.status, a.body)
		}
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestRedirectURIMatch(t *testing.T) {
	for _, tt := range []struct {
		registered, asked string
		want              bool
	}{
		{"http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", true},
		{"http://127.0.0.1/cb", "http://127.0.0.1:2/cb", true},
		{"http://localhost:1/cb?a=b", "http://localhost:9/cb?a=b", true},
		{"http://[::1]/cb", "http://[::1]:2/cb", true},
		{"com.example.app:/cb", "com.example.app:/cb", true},
		{"http://localhost/cb", "http://127.0.0.1/cb", false},
		{"http://localhost/cb", "http://localhost/cb/", false},
		{"http://localhost/cb", "http://localhost/cb?x", false},
		{"http://localhost/a/cb", "http://localhost/a/../a/cb", false},
		{"http://localhost/cb", "http://localhost/%63b", false},
		{"http://localhost/cb", "http://localhost:1@evil.example/cb", false},
		{"com.example.app:/cb", "com.example.app:/CB", false},
		{"com.example.app://host:1/cb", "com.example.app://host:2/cb", false},
		{"https://vscode.dev/redirect", "https://vscode.dev:443/redirect", false},
	} {
		if got := devauth.MatchesRedirectURI([]string{tt.registered}, tt.asked); got != tt.want {
			t.Errorf("registered %q, asked %q: %v, want %v", tt.registered, tt.asked, got, tt.want)
		}
	}
}

// Whatever passes the rule leads to this machine, to a native client, or to the
// one web page, as a browser's parser would see it; never to script; and the
// code ends up in its query.
func FuzzRedirectURI(f *testing.F) {
	for _, seed := range []string{
		"http://localhost:6274/oauth/callback", "http://[::1]:1/?q", "com.example.app:/cb", "cursor://x/y",
		"https://vscode.dev/redirect", "javascript:alert(1)", "http://localhost@evil/", "http://localhost:1#x", "a.b:c?d",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if !devauth.ValidRedirectURI(uri) {
			return
		}
		if !devauth.MatchesRedirectURI([]string{uri}, uri) {
			t.Fatalf("%q does not match itself", uri)
		}
		u, err := url.Parse(devauth.WithParams(uri, url.Values{"code": {"c"}}))
		if err != nil {
			t.Fatalf("%q with a code: %v", uri, err)
		}
		if got := u.Query()["code"]; len(got) == 0 || got[len(got)-1] != "c" {
			t.Fatalf("%q loses the code: %v", uri, got)
		}
		switch host := u.Hostname(); {
		case u.Scheme == "http":
			if host != "localhost" && host != "127.0.0.1" && host != "::1" {
				t.Fatalf("%q leads to %s", uri, host)
			}
		case u.Scheme == "https":
			if host != "vscode.dev" {
				t.Fatalf("%q leads to %s", uri, host)
			}
		case !strings.Contains(u.Scheme, ".") && strings.Contains(" javascript data file vbscript blob about ", " "+u.Scheme+" "):
			t.Fatalf("%q has scheme %s", uri, u.Scheme)
		}
	})
}
