package auth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
)

const wellKnown = "/.well-known/oauth-protected-resource"

// metadataPaths are the path-inserted location (RFC 9728 section 3.1) and the
// root one, which clients fall back to; for a resource without path they are
// the same.
func metadataPaths(resource *url.URL) []string {
	path := resource.EscapedPath()
	if path == "/" {
		path = ""
	}
	return slices.Compact([]string{wellKnown + path, wellKnown})
}

// metadataDocument is the JSON of RFC 9728 section 2.
func metadataDocument(o GuardOptions, scopes []string) ([]byte, error) {
	return json.Marshal(struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported,omitempty"`
		Methods  []string `json:"bearer_methods_supported"`
		Name     string   `json:"resource_name,omitempty"`
	}{o.Resource, o.Issuers, scopes, []string{"header"}, o.ResourceName})
}

// MetadataPaths returns where [Guard.Metadata] is to be mounted, the address
// named in challenges first.
func (g *Guard) MetadataPaths() []string { return slices.Clone(g.paths) }

// Metadata serves the protected resource metadata (RFC 9728 section 3) to
// anyone, scripts of any origin included.
func (g *Guard) Metadata() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			h.Set("Content-Type", "application/json")
			h.Set("Cache-Control", "public, max-age=300")
			h.Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write(g.document)
		case http.MethodOptions:
			h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
			h.Set("Access-Control-Allow-Headers", "*") // clients send MCP-Protocol-Version
			h.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
		default:
			h.Set("Allow", "GET, HEAD, OPTIONS")
			WriteError(w, http.StatusMethodNotAllowed, ErrorBody{
				Error: "method_not_allowed", Description: "the metadata can only be read", Reason: "method_not_allowed",
			})
		}
	})
}
