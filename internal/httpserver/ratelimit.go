package httpserver

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/observe"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// maxBuckets bounds the principals, and the networks, remembered, about 10 MB. Whoever is
// pushed out starts again with a full burst.
const maxBuckets = 50_000

// person is whose calls are counted together, whatever client they come through.
type person struct{ issuer, tenant, subject string }

// Buckets hold what people and networks seen lately have left of what they may do.
// They outlast a change of the limits: nobody gets a full burst by it.
type Buckets struct {
	people   *lru.Cache[person, bucket]
	networks *lru.Cache[netip.Prefix, bucket]
}

// NewBuckets returns buckets that are all full.
func NewBuckets() *Buckets {
	people, _ := lru.New[person, bucket](maxBuckets) // fails for a size below 1 only
	networks, _ := lru.New[netip.Prefix, bucket](maxBuckets)
	return &Buckets{people, networks}
}

// limiter is one setting of the limits.
type limiter[K comparable] struct {
	rate    rate.Limit
	burst   int
	buckets *lru.Cache[K, bucket]
}

// RateLimit lets each principal make perSecond calls a second and burst at once, those counted
// whose answer is still being written: who does not read must not fill the server with answers.
// A call too many gets 429 with Retry-After in whole seconds (RFC 6585 §4) and is reported to
// limited, which may be nil. It goes behind authentication; without a principal in the context
// the answer is 500.
func (b *Buckets) RateLimit(perSecond float64, burst int, limited func(context.Context, auth.Principal)) func(http.Handler) http.Handler {
	l := &limiter[person]{rate.Limit(perSecond), burst, b.people}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			principal, ok := auth.PrincipalFrom(r.Context())
			if !ok {
				internalError(w)
				return
			}
			now := time.Now()
			bucket := l.bucket(person{principal.Issuer, principal.Tenant, principal.Subject}, now)
			wait := bucket.enter(burst, now)
			if wait == 0 {
				defer bucket.underWay.Add(-1)
				next.ServeHTTP(w, r)
				return
			}
			if limited != nil {
				limited(r.Context(), principal)
			}
			auth.WriteTooMany(w, wait, "rate_limited", "too many calls; retry after the time given in Retry-After")
		})
	}
}

// AddressLimit returns a function that admits a request from a network, perSecond a second
// and burst at once: it returns 0, or how long to wait. A network is an IPv4 address, or 64
// bits of an IPv6 one, which one customer has. It is meant for what strangers cost, not for
// calls: thousands of people may share an address. The loopback interface is not limited,
// since a proxy that nobody named comes from there.
func (b *Buckets) AddressLimit(perSecond float64, burst int) func(context.Context) time.Duration {
	l := &limiter[netip.Prefix]{rate.Limit(perSecond), burst, b.networks}
	return func(ctx context.Context) time.Duration {
		addr := observe.ClientAddr(ctx)
		if addr.IsLoopback() {
			return 0
		}
		bits := 64
		if addr.Is4() {
			bits = 32
		}
		network, _ := addr.Prefix(bits) // fails for no address at all: these share a bucket
		now := time.Now()
		return l.bucket(network, now).take(now)
	}
}

// bucket is what somebody has left.
type bucket struct {
	*rate.Limiter
	underWay *atomic.Int64 // calls; the same for all settings of the limits
}

// bucket returns that of key.
func (l *limiter[K]) bucket(key K, now time.Time) bucket {
	b, ok := l.buckets.Get(key)
	if !ok {
		b = bucket{rate.NewLimiter(l.rate, l.burst), new(atomic.Int64)}
		if first, taken, _ := l.buckets.PeekOrAdd(key, b); taken {
			b = first
		}
	}
	if b.Limit() != l.rate || b.Burst() != l.burst {
		b.Limiter = l.convert(b.Limiter, now)
		l.buckets.Add(key, b)
	}
	return b
}

// convert returns a limiter for one of another setting: what was used up of that one is used
// up of this one.
func (l *limiter[K]) convert(other *rate.Limiter, now time.Time) *rate.Limiter {
	used := math.Ceil(float64(other.Burst()) - other.TokensAt(now))
	limiter := rate.NewLimiter(l.rate, l.burst)
	limiter.AllowN(now, min(int(used), l.burst))
	return limiter
}

// take uses up one call, or returns how long it has to wait for the next.
func (b bucket) take(now time.Time) time.Duration {
	reservation := b.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// enter takes a call that is then under way, unless so many are. It returns 0 or how long to wait.
func (b bucket) enter(most int, now time.Time) time.Duration {
	wait := time.Second // if so many are: nobody knows for how long
	if b.underWay.Add(1) <= int64(most) {
		wait = b.take(now)
	}
	if wait > 0 {
		b.underWay.Add(-1)
	}
	return wait
}
