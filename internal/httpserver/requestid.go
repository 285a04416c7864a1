package httpserver

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"net/http"
	"regexp"
	"strings"
	"time"

	"todomanager/internal/observe"
)

const requestIDHeader = "X-Request-Id"

// foreignID is what a trusted proxy's request id may look like.
var foreignID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// identify gives each request an id, in the context for logs and audit rows and
// in the answer for people, and notes where it came from. Only a trusted proxy can bring its own: an id that
// anybody may choose ties nothing together.
func identify(trusted proxies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !foreignID.MatchString(id) || !trusted.contain(peer(r)) {
			id = newRequestID(time.Now())
		}
		w.Header().Set(requestIDHeader, id)
		ctx := observe.WithClientAddr(observe.WithRequestID(r.Context(), id), trusted.client(r))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// newRequestID returns 20 characters of base32: 48 bits of the time in milliseconds and 52
// random ones. So ids sort by time, and an index of them grows at its end.
func newRequestID(now time.Time) string {
	var bits [16]byte
	binary.BigEndian.PutUint64(bits[:], uint64(now.UnixMilli())<<16)
	rand.Read(bits[6:]) // never fails
	return strings.ToLower(base32.HexEncoding.EncodeToString(bits[:])[:20])
}
