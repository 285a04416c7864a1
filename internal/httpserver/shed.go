package httpserver

import (
	"net/http"

	"todomanager/internal/auth"
)

// shed refuses calls while full says so, in front of everything that costs something: the
// access log, whose lines would be most of the work, authentication, the body. Shed is
// told of each; it has no line in the log. This takes nobody's place, so it does no harm
// that nobody is known yet.
func shed(full func() bool, told func(), next http.Handler) http.Handler {
	if full == nil {
		return next
	}
	if told == nil {
		told = func() {}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !full() {
			next.ServeHTTP(w, r)
			return
		}
		told()
		overloaded(w)
	})
}

// overloaded writes the answer to a call for which there is no place.
func overloaded(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	auth.WriteError(w, http.StatusServiceUnavailable, auth.Error{
		Error: "temporarily_unavailable", Description: "The server is overloaded; nothing was changed. Try again shortly.", Reason: "overloaded",
	})
}
