package httpserver

import (
	"log/slog"
	"net/http"
	"net/netip"

	"todomanager/internal/auth"
)

// Routes says what is served where. All fields but the lists of hosts, origins and
// proxies, MaxBody, Full, Shed, Answered and Around are required.
type Routes struct {
	// Sites are what is served, at least one. No two share a host and a path.
	Sites []Site
	// AllowedHosts are further Host headers, lower case; one without a port
	// allows every port. There a path belongs to the first site that has it.
	AllowedHosts []string
	// AllowedOrigins are further web origins, as browsers spell them. Their pages
	// get the CORS headers to call every endpoint.
	AllowedOrigins []string
	// MaxBody bounds the body of a request, in bytes; 0 means 1 MiB.
	MaxBody int64
	// TrustedProxies are believed about X-Forwarded-For and X-Request-Id.
	TrustedProxies []netip.Prefix
	// Health answers /livez and /readyz, whatever the Host header: probes send
	// addresses.
	Health *Health
	// Full, if set, says that a call has no place now; it gets 503 at once, and Shed, if
	// set, is called. Neither must block.
	Full func() bool
	Shed func()
	// Answered, if set, is told the status of each answer but those to probes, 0 if there
	// was none. It must not block.
	Answered func(status int)
	// Around, if set, is put around everything but the request id: its handler sees each
	// request with its id, and the access log has the context that it passes on.
	Around func(http.Handler) http.Handler
	// Logger gets the access log and the errors.
	Logger *slog.Logger
}

// Handler composes the routes. It fails if there is no site, if a public URL is not a
// URL, and if two sites share a host and a path.
func (r Routes) Handler() (http.Handler, error) {
	sites, err := r.sites()
	if err != nil {
		return nil, err
	}
	hosted, err := newHosts(sites, r.AllowedHosts, r.Logger)
	if err != nil {
		return nil, err
	}
	root := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !r.Health.serve(w, req) {
			hosted.ServeHTTP(w, req)
		}
	})
	proxies := proxies(r.TrustedProxies)
	logged := logAccess(r.Logger, r.Answered, recoverPanics(r.Logger, root))
	if r.Around != nil {
		logged = r.Around(logged)
	}
	return shed(r.Full, r.Shed, identify(proxies, logged)), nil
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

// notFound names the public URL if it is clear which one was meant: people and old clients try /mcp.
func notFound(w http.ResponseWriter, meant string) {
	description := "nothing is served at this path"
	if meant != "" {
		description += "; use exactly " + meant
	}
	auth.WriteError(w, http.StatusNotFound, auth.ErrorBody{Error: "not_found", Description: description, Reason: "unknown_path"})
}

func notAllowed(w http.ResponseWriter, methods string) {
	w.Header().Set("Allow", methods)
	auth.WriteError(w, http.StatusMethodNotAllowed, auth.ErrorBody{
		Error: "method_not_allowed", Description: "this path accepts only " + methods, Reason: "method_not_allowed",
	})
}
