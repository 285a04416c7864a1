package httpserver

import (
	"net/http"

	"todomanager/internal/auth"
)

// shed refuses calls while full says so, in front of everything that costs something: the
// access log, whose lines would be most of the work, authentication, the body. Each refusal
// is told to told and has no line in the log. A refusal takes no place, so it does no harm
// that the caller is not known yet.
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
		auth.WriteOverloaded(w)
	})
}
