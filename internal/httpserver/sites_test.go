package httpserver_test

import (
	"strings"
	"testing"

	"todomanager/internal/httpserver"
)

const wellKnown = "/.well-known/oauth-protected-resource"

// severalSites serves sites whose endpoint and metadata tell their public URL. Metadata
// is path-inserted, with the root address to fall back to, as auth.Guard wants it.
func severalSites(t *testing.T, urls ...string) *site {
	return newSite(t, func(r *httpserver.Routes) {
		r.Sites = nil
		for _, url := range urls {
			_, path, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
			paths := []string{wellKnown + "/" + path, wellKnown}
			if path == "" {
				paths = paths[1:]
			}
			r.Sites = append(r.Sites, httpserver.Site{
				PublicURL: url, Endpoint: text("endpoint " + url), Metadata: text("metadata " + url), MetadataPaths: paths,
			})
		}
		r.AllowedHosts = []string{"todo.internal", "192.0.2.7:3001"}
		r.AllowedOrigins = []string{"https://app.example"}
	})
}

func TestSitesAreFoundByHostAndPath(t *testing.T) {
	const one, two, root, other = "https://a.example/one", "https://a.example/two", "https://a.example", "https://b.example"
	apart := severalSites(t, one, two, other)
	withRoot := severalSites(t, one, root, other)
	for _, test := range []struct {
		site               *site
		method, host, path string
		want               string // start of the body, else 404
	}{
		{apart, "POST", "a.example", "/one", "endpoint " + one},
		{apart, "POST", "A.example:443", "/two", "endpoint " + two},
		{apart, "POST", "a.example", "/", ""},
		{apart, "POST", "b.example", "/", "endpoint " + other},
		{apart, "POST", "b.example", "/one", ""},
		{apart, "GET", "a.example", wellKnown + "/one", "metadata " + one},
		{apart, "GET", "a.example", wellKnown + "/two", "metadata " + two},
		{apart, "GET", "b.example", wellKnown + "/one", ""},
		{apart, "GET", "b.example", wellKnown, "metadata " + other},

		// the root metadata: of the site at the root, else of the first
		{apart, "GET", "a.example", wellKnown, "metadata " + one},
		{withRoot, "GET", "a.example", wellKnown, "metadata " + root},
		{withRoot, "POST", "a.example", "/", "endpoint " + root},
		{withRoot, "POST", "b.example", "/", "endpoint " + other},

		// a further host has them all, the first one where a path is taken
		{apart, "POST", "todo.internal:8080", "/two", "endpoint " + two},
		{apart, "POST", "192.0.2.7:3001", "/", "endpoint " + other},
		{withRoot, "POST", "todo.internal", "/", "endpoint " + root},
	} {
		got := test.site.do(t, test.method, test.path, nil, "Host", test.host)
		if test.want == "" {
			wantRefusal(t, got, 404, "unknown_path")
		} else if got.StatusCode != 200 || got.body != test.want {
			t.Errorf("%s %s%s: %d %s; want %s", test.method, test.host, test.path, got.StatusCode, got.body, test.want)
		}
	}
}

func TestEachSiteHasItsPageAndOrigin(t *testing.T) {
	const one, two, other = "https://a.example/one", "https://a.example/two", "https://b.example/one"
	s := severalSites(t, one, two, other)
	got := s.do(t, "GET", "/two", nil, "Host", "a.example", "Accept", browser)
	if got.StatusCode != 200 || !strings.Contains(got.body, two) || strings.Contains(got.body, one) {
		t.Errorf("page of %s: %d %s", two, got.StatusCode, got.body)
	}
	for origin, allowed := range map[string]bool{"https://a.example": true, "https://app.example": true, "https://b.example": false} {
		got := s.do(t, "POST", "/one", nil, "Host", "a.example", "Origin", origin)
		if (got.StatusCode == 200) != allowed {
			t.Errorf("origin %s: %d", origin, got.StatusCode)
		}
	}
}

// TestUnknownPathIsToldTheSiteOfItsHost: but no site where it could be several.
func TestUnknownPathIsToldTheSiteOfItsHost(t *testing.T) {
	s := severalSites(t, "https://a.example/one", "https://a.example/two", "https://b.example")
	for host, want := range map[string]string{
		"a.example":     "nothing is served at this path\"",
		"b.example":     "nothing is served at this path; use exactly https://b.example\"",
		"todo.internal": "nothing is served at this path\"",
	} {
		got := s.do(t, "POST", "/mcp", nil, "Host", host)
		wantRefusal(t, got, 404, "unknown_path")
		if !strings.Contains(got.body, want) {
			t.Errorf("%s: %s; want %s", host, got.body, want)
		}
	}
}

func TestRefusedHostIsToldTheSiteOfItsPath(t *testing.T) {
	s := severalSites(t, "https://a.example/one", "https://b.example/two")
	for path, want := range map[string]string{
		"/two": "use exactly https://b.example/two\"",
		"/xyz": "use exactly https://a.example/one\"",
	} {
		got := s.do(t, "POST", path, nil, "Host", "c.example")
		wantRefusal(t, got, 403, "host_not_allowed")
		if !strings.Contains(got.body, want) {
			t.Errorf("%s: %s; want %s", path, got.body, want)
		}
	}
}
