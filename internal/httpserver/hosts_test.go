package httpserver_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/httpserver"
)

func TestHosts(t *testing.T) {
	local := newSite(t, nil)
	public := newSite(t, func(r *httpserver.Routes) {
		r.Sites[0].PublicURL = "https://todo.example.com"
		r.AllowedHosts = []string{"todo.internal", "192.0.2.7:3001", "[2001:db8::1]"}
	})
	for _, test := range []struct {
		site    *site
		host    string
		allowed bool
	}{
		{local, "localhost:3001", true},
		{local, "LocalHost:3001", true},
		{local, "localhost", false},
		{local, "localhost:3002", false},
		{local, "127.0.0.1:3001", false},
		{local, "[::1]:3001", false},
		{local, "evil.example:3001", false},
		{local, "localhost:3001.evil.example", false},
		{local, "localhost.:3001", false},
		{public, "todo.example.com", true},
		{public, "todo.example.com:443", true},
		{public, "todo.example.com:80", false},
		{public, "x.todo.example.com", false},
		{public, "todo.internal", true},
		{public, "todo.internal:8080", true},
		{public, "todo.internal.evil.example", false},
		{public, "192.0.2.7:3001", true},
		{public, "192.0.2.7", false},
		{public, "[2001:db8::1]:9", true},
	} {
		got := test.site.do(t, "POST", "/", nil, "Host", test.host)
		if allowed := got.StatusCode == 200; allowed != test.allowed {
			t.Errorf("Host %q: status %d, allowed should be %v", test.host, got.StatusCode, test.allowed)
		}
		if !test.allowed {
			wantRefusal(t, got, 403, "host_not_allowed")
			if !strings.Contains(got.body, "http") || strings.Contains(got.body, "evil") {
				t.Errorf("body %s: want the public URL and nothing of the request", got.body)
			}
		}
	}
	if got := local.do(t, "GET", "/.well-known/oauth-protected-resource", nil, "Host", "evil.example"); got.StatusCode != 403 {
		t.Errorf("metadata for another host: %d", got.StatusCode)
	}
}

func TestRefusedHostIsExplainedOnceAMinute(t *testing.T) {
	for host, message := range map[string]string{
		"127.0.0.1:3001": "refused another spelling of this address; clients must use exactly the public URL",
		"[::1]:3001":     "refused another spelling",
		"127.0.0.1:3005": "refused a Host header",
		"evil.example":   "refused a Host header",
	} {
		synctest.Test(t, func(t *testing.T) {
			logs := new(logs)
			handler := newHandler(t, logs, nil)
			refuse := func() {
				r := httptest.NewRequest("POST", "/", nil)
				r.Host = host
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
			refuse()
			refuse()
			time.Sleep(59 * time.Second)
			refuse()
			if got := logs.named(t, message); len(got) != 1 || got[0]["public_url"] != publicURL {
				t.Errorf("%s: in the first minute %v", host, got)
			}
			time.Sleep(time.Second)
			refuse()
			if got := logs.named(t, message); len(got) != 2 {
				t.Errorf("%s: %d lines after a minute, want 2", host, len(got))
			}
		})
	}
}
