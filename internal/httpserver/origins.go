package httpserver

import (
	"net/http"
	"net/url"

	"todomanager/internal/auth"
)

// allowOrigins refuses requests of web pages from other origins (MCP, security of
// Streamable HTTP). Programs send no Origin and pass. Pages of the configured
// origins also get the CORS headers without which their browser would not let
// them call.
func allowOrigins(public *url.URL, extra []string, next http.Handler) http.Handler {
	allowed := map[string]bool{public.Scheme + "://" + public.Host: true}
	for _, origin := range extra {
		allowed[origin] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		origins := r.Header.Values("Origin")
		switch {
		case len(origins) == 0:
			next.ServeHTTP(w, r)
		case len(origins) > 1 || !allowed[origins[0]]:
			auth.WriteError(w, http.StatusForbidden, auth.ErrorBody{
				Error: "forbidden", Description: "web pages of this origin may not call this server", Reason: "origin_not_allowed",
			})
		case r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
			allowOrigin(w.Header(), origins[0])
			w.WriteHeader(http.StatusNoContent)
		default:
			allowOrigin(w.Header(), origins[0])
			next.ServeHTTP(w, r)
		}
	})
}

// allowOrigin sets the CORS headers for an origin that is on the list.
func allowOrigin(h http.Header, origin string) {
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Methods", http.MethodPost)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id")
	h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, "+requestIDHeader)
	h.Set("Access-Control-Max-Age", "600")
}
