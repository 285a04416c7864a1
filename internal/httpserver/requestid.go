package httpserver

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"

	"todomanager/internal/observe"
)

const requestIDHeader = "X-Request-Id"

// foreignID is what a trusted proxy's request id may look like.
var foreignID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// identify gives each request an id, in the context for logs and audit rows and
// in the answer for people. Only a trusted proxy can bring its own: an id that
// anybody may choose ties nothing together.
func identify(trusted proxies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !foreignID.MatchString(id) || !trusted.contain(peer(r)) {
			id = newRequestID()
		}
		w.Header().Set(requestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(observe.WithRequestID(r.Context(), id)))
	})
}

// newRequestID returns 20 random characters of base32, 100 bits.
func newRequestID() string {
	return strings.ToLower(rand.Text()[:20])
}
