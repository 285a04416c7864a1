package httpserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/httpserver"
	"todomanager/internal/observe"
)

// call sends one request of p through handler.
func call(handler http.Handler, p auth.Principal) *http.Response {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/", nil)
	handler.ServeHTTP(w, r.WithContext(auth.WithPrincipal(r.Context(), p)))
	return w.Result()
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := 0
		handler := httpserver.NewBuckets().RateLimit(0.5, 3, func(_ context.Context, p auth.Principal) {
			if p.Subject != "alice" {
				t.Errorf("refused %v", p)
			}
			refused++
		})(text("ok"))
		alice := auth.Principal{Issuer: "i", Subject: "alice", ClientID: "one"}
		for range 2 {
			call(handler, alice)
		}
		alice.ClientID = "two" // the client does not make a new person
		if got := call(handler, alice); got.StatusCode != 200 {
			t.Errorf("third call of a burst of 3: %d", got.StatusCode)
		}
		got := call(handler, alice)
		if got.StatusCode != 429 || got.Header.Get("Retry-After") != "2" || refused != 1 {
			t.Errorf("fourth call: %d, Retry-After %q, %d refused", got.StatusCode, got.Header.Get("Retry-After"), refused)
		}
		for name, other := range map[string]auth.Principal{
			"subject": {Issuer: "i", Subject: "bob"},
			"issuer":  {Issuer: "j", Subject: "alice"},
			"tenant":  {Issuer: "i", Tenant: "t", Subject: "alice"},
			"shifted": {Issuer: "ia", Subject: "lice"},
		} {
			if got := call(handler, other); got.StatusCode != 200 {
				t.Errorf("other %s: %d", name, got.StatusCode)
			}
		}
		// Refused calls must not push the next allowed one further away.
		for range 100 {
			call(handler, alice)
		}
		time.Sleep(1500 * time.Millisecond)
		if got := call(handler, alice); got.StatusCode != 429 || got.Header.Get("Retry-After") != "1" {
			t.Errorf("after 1.5 s: %d, Retry-After %q", got.StatusCode, got.Header.Get("Retry-After"))
		}
		time.Sleep(500 * time.Millisecond)
		if got := call(handler, alice); got.StatusCode != 200 {
			t.Errorf("after Retry-After: %d", got.StatusCode)
		}
	})
}

// TestCallsUnderWay: calls without an answer count as made at once, however long ago they came,
// and under every setting of the limits.
func TestCallsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buckets, begun, end := httpserver.NewBuckets(), make(chan struct{}), make(chan struct{})
		limit := func(burst int) http.Handler {
			return buckets.RateLimit(1000, burst, nil)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				begun <- struct{}{}
				<-end
			}))
		}
		alice, bob := auth.Principal{Issuer: "i", Subject: "alice"}, auth.Principal{Issuer: "i", Subject: "bob"}
		start := func(h http.Handler, who auth.Principal) {
			go call(h, who)
			<-begun
		}
		three := limit(3)
		for range 3 {
			start(three, alice)
		}
		time.Sleep(time.Hour)
		for range 9 {
			if got := call(three, alice); got.StatusCode != 429 || got.Header.Get("Retry-After") != "1" {
				t.Errorf("a fourth one at once: %d, Retry-After %q", got.StatusCode, got.Header.Get("Retry-After"))
			}
		}
		start(three, bob)
		four := limit(4)
		start(four, alice)
		if got := call(four, alice); got.StatusCode != 429 {
			t.Errorf("a fifth one where there may be four: %d", got.StatusCode)
		}
		end <- struct{}{}
		end <- struct{}{}
		end <- struct{}{}
		synctest.Wait()
		start(four, alice)
		start(four, bob)
		close(end)
		synctest.Wait()

		panics := buckets.RateLimit(1000, 1, nil)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a handler") }))
		for range 3 { // also one that panics is over
			time.Sleep(time.Second)
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the handler was not called")
					}
				}()
				call(panics, alice)
			}()
		}
	})
}

func TestRateLimitAnswer(t *testing.T) {
	limit := httpserver.NewBuckets().RateLimit(10, 1, nil)(text("ok"))
	s := newSite(t, func(r *httpserver.Routes) {
		r.Sites[0].Endpoint = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limit.ServeHTTP(w, r.WithContext(auth.WithPrincipal(r.Context(), auth.Principal{Issuer: "i", Subject: "s"})))
		})
	})
	s.do(t, "POST", "/", nil)
	got := s.do(t, "POST", "/", nil)
	for range 20 { // a slow machine may have let a token in
		if got.StatusCode == 429 {
			break
		}
		got = s.do(t, "POST", "/", nil)
	}
	wantRefusal(t, got, 429, "rate_limited")
	if got.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
	}
}

func TestRateLimitFailsClosed(t *testing.T) {
	s := newSite(t, func(r *httpserver.Routes) {
		r.Sites[0].Endpoint = httpserver.NewBuckets().RateLimit(10, 50, nil)(text("ok"))
	})
	wantRefusal(t, s.do(t, "POST", "/", nil), 500, "internal_error")
}

// TestAddressLimit: a network is an IPv4 address, or 64 bits of IPv6; others are not
// concerned, and this machine not at all.
func TestAddressLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		admit := httpserver.NewBuckets().AddressLimit(0.5, 2)
		from := func(addr string) time.Duration {
			parsed, _ := netip.ParseAddr(addr) // the zero address for no address
			return admit(observe.WithClientAddr(t.Context(), parsed))
		}
		for _, network := range [][]string{
			{"192.0.2.1", "192.0.2.1", "192.0.2.1"},
			{"2001:db8::1", "2001:db8::ffff:1", "2001:db8::2:3:4:5"},
			{"", "", ""},
		} {
			if from(network[0]) != 0 || from(network[1]) != 0 {
				t.Errorf("%v: the burst is refused", network)
			}
			if wait := from(network[2]); wait != 2*time.Second {
				t.Errorf("%v: wait %v, want 2s", network, wait)
			}
		}
		for _, other := range []string{"192.0.2.2", "2001:db8:0:1::1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "::1", "::1", "::1"} {
			if wait := from(other); wait != 0 {
				t.Errorf("%s: wait %v", other, wait)
			}
		}
		time.Sleep(2 * time.Second)
		if wait := from("192.0.2.1"); wait != 0 {
			t.Errorf("2s later: wait %v", wait)
		}
	})
}
