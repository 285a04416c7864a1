package httpserver

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"todomanager/internal/auth"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// maxBuckets bounds the principals remembered, about 10 MB. Whoever is pushed
// out starts again with a full burst.
const maxBuckets = 50_000

// person is whose calls are counted together, whatever client they come through.
type person struct{ issuer, tenant, subject string }

// limiter holds a token bucket for each person seen lately.
type limiter struct {
	rate    rate.Limit
	burst   int
	buckets *lru.Cache[person, *rate.Limiter]
}

// RateLimit lets each principal make perSecond calls a second and burst at once;
// a call too many gets 429 with Retry-After in whole seconds (RFC 6585 §4) and is
// reported to limited, which may be nil. It goes behind authentication; without a
// principal in the context the answer is 500.
func RateLimit(perSecond float64, burst int, limited func(context.Context, auth.Principal)) func(http.Handler) http.Handler {
	buckets, _ := lru.New[person, *rate.Limiter](maxBuckets) // fails for a size below 1 only
	l := &limiter{rate: rate.Limit(perSecond), burst: burst, buckets: buckets}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			principal, ok := auth.PrincipalFrom(r.Context())
			if !ok {
				internalError(w)
				return
			}
			wait := l.take(person{principal.Issuer, principal.Tenant, principal.Subject}, time.Now())
			if wait == 0 {
				next.ServeHTTP(w, r)
				return
			}
			if limited != nil {
				limited(r.Context(), principal)
			}
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			auth.WriteError(w, http.StatusTooManyRequests, auth.Error{
				Error: "too_many_requests", Description: "too many calls; try again after the time in Retry-After", Reason: "rate_limited",
			})
		})
	}
}

// take uses up one call of p, or returns how long p has to wait for the next.
func (l *limiter) take(p person, now time.Time) time.Duration {
	bucket, ok := l.buckets.Get(p)
	if !ok {
		bucket = rate.NewLimiter(l.rate, l.burst)
		if first, taken, _ := l.buckets.PeekOrAdd(p, bucket); taken {
			bucket = first
		}
	}
	reservation := bucket.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}
