package httpserver

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// Site is one public URL and what is behind it. All fields are required.
type Site struct {
	// PublicURL is what people type into their client. Its path is the endpoint,
	// its host and origin are allowed. It is canonical: lower case, no default port.
	PublicURL string
	// Endpoint gets each POST to the public URL's path. It authenticates.
	Endpoint http.Handler
	// Metadata serves MetadataPaths (RFC 9728 section 3) to every origin. The first
	// path is this site's own; the others it has only where no site before it has
	// them and no site owns them.
	Metadata      http.Handler
	MetadataPaths []string
}

// site is a Site ready to be served.
type site struct {
	Site
	public   *url.URL
	path     string // of the endpoint
	endpoint http.Handler
}

func (r Routes) sites() ([]site, error) {
	if len(r.Sites) == 0 {
		return nil, errors.New("there is no site to serve")
	}
	sites := make([]site, len(r.Sites))
	for i, s := range r.Sites {
		public, err := url.Parse(s.PublicURL)
		if err != nil {
			return nil, err
		}
		if len(s.MetadataPaths) == 0 {
			return nil, fmt.Errorf("%s has no address for its metadata", s.PublicURL)
		}
		page, err := newLanding(s.PublicURL)
		if err != nil {
			return nil, err
		}
		sites[i] = site{
			Site: s, public: public, path: cmp.Or(public.Path, "/"),
			endpoint: allowOrigins(public, r.AllowedOrigins, endpoint(page, limitBody(cmp.Or(r.MaxBody, defaultMaxBody), s.Endpoint))),
		}
	}
	return sites, nil
}

// paths is what is served for one host.
type paths struct {
	handlers map[string]http.Handler
	meant    string // the public URL that a request with a wrong path was for; "" if it could be several
}

// newPaths gives each path to the first site that has it. What a site owns comes before
// what others only fall back to: the root metadata belongs to the site at the root.
func newPaths(sites []site) paths {
	p := paths{handlers: make(map[string]http.Handler)}
	if len(sites) == 1 {
		p.meant = sites[0].PublicURL
	}
	for _, s := range sites {
		p.add(s.path, s.endpoint)
		p.add(s.MetadataPaths[0], s.Metadata)
	}
	for _, s := range sites {
		for _, path := range s.MetadataPaths[1:] {
			p.add(path, s.Metadata)
		}
	}
	return p
}

func (p paths) add(path string, h http.Handler) {
	if p.handlers[path] == nil {
		p.handlers[path] = h
	}
}

func (p paths) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h, ok := p.handlers[r.URL.Path]; ok {
		h.ServeHTTP(w, r)
		return
	}
	notFound(w, p.meant)
}
