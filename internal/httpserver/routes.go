package httpserver

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"todomanager/internal/auth"
)

// Routes says what is served where. All fields but the lists are required.
type Routes struct {
	// PublicURL is what people type into their client. Its path is the endpoint,
	// its host and origin are allowed. It is canonical: lower case, no default port.
	PublicURL string
	// AllowedHosts are further Host headers, lower case; one without a port
	// allows every port.
	AllowedHosts []string
	// AllowedOrigins are further web origins, as browsers spell them. Their pages
	// get the CORS headers to call the endpoint.
	AllowedOrigins []string
	// TrustedProxies are believed about X-Forwarded-For and X-Request-Id.
	TrustedProxies []netip.Prefix
	// Health answers /livez and /readyz, whatever the Host header: probes send
	// addresses.
	Health *Health
	// Metadata serves MetadataPaths (RFC 9728 §3) to every origin.
	Metadata      http.Handler
	MetadataPaths []string
	// Endpoint gets each POST to the public URL's path. It authenticates.
	Endpoint http.Handler
	// Logger gets the access log and the errors.
	Logger *slog.Logger
}

// Handler composes the routes. It fails if PublicURL is not a URL.
func (r Routes) Handler() (http.Handler, error) {
	public, err := url.Parse(r.PublicURL)
	if err != nil {
		return nil, err
	}
	page, err := newLanding(r.PublicURL)
	if err != nil {
		return nil, err
	}
	endpoint := allowOrigins(public, r.AllowedOrigins, endpoint(page, limitBody(r.Endpoint)))
	path := public.Path
	if path == "" {
		path = "/"
	}
	hosted := allowHosts(public, r.AllowedHosts, r.Logger, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case slices.Contains(r.MetadataPaths, req.URL.Path):
			r.Metadata.ServeHTTP(w, req)
		case req.URL.Path == path:
			endpoint.ServeHTTP(w, req)
		default:
			notFound(w)
		}
	}))
	root := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !r.Health.serve(w, req) {
			hosted.ServeHTTP(w, req)
		}
	})
	proxies := proxies(r.TrustedProxies)
	return identify(proxies, logAccess(proxies, r.Logger, recoverPanics(r.Logger, root))), nil
}

// endpoint lets POST through and answers everything else before authentication:
// a browser gets the page, an MCP client that tries a GET stream the 405 that
// tells it there is none (MCP 2025-11-25, Streamable HTTP).
func endpoint(page, post http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			post.ServeHTTP(w, r)
		case http.MethodGet, http.MethodHead:
			w.Header().Add("Vary", "Accept")
			if wantsPage(r) {
				page.ServeHTTP(w, r)
				return
			}
			fallthrough
		default:
			notAllowed(w, http.MethodPost)
		}
	})
}

func notFound(w http.ResponseWriter) {
	auth.WriteError(w, http.StatusNotFound, auth.Error{
		Error: "not_found", Description: "nothing is served at this path", Reason: "unknown_path",
	})
}

func notAllowed(w http.ResponseWriter, methods string) {
	w.Header().Set("Allow", methods)
	auth.WriteError(w, http.StatusMethodNotAllowed, auth.Error{
		Error: "method_not_allowed", Description: "this path takes " + methods + " only", Reason: "method_not_allowed",
	})
}
