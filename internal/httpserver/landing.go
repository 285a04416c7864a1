package httpserver

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"strings"
)

//go:embed landing.html
var landingHTML string

// newLanding returns the page that people see who open the endpoint in a browser.
// It is rendered once; nothing of a request gets into it.
func newLanding(publicURL string) (http.Handler, error) {
	tmpl, err := template.New("landing").Parse(landingHTML)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := tmpl.Execute(&page, publicURL); err != nil {
		return nil, err
	}
	// Hashed as rendered: the browser compares it byte for byte (CSP level 3 §8.3).
	_, style, _ := strings.Cut(page.String(), "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	hash := sha256.Sum256([]byte(style))
	policy := fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		base64.StdEncoding.EncodeToString(hash[:]))

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write(page.Bytes())
	}), nil
}

// wantsPage tells a browser from an MCP client: it accepts text/html by name and
// no event stream.
func wantsPage(r *http.Request) bool {
	html := false
	for _, accepted := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		switch kind, _, _ := mime.ParseMediaType(accepted); kind {
		case "text/html":
			html = true
		case "text/event-stream":
			return false
		}
	}
	return html
}
