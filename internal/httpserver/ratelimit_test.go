package httpserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/httpserver"
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
		handler := httpserver.RateLimit(0.5, 3, func(_ context.Context, p auth.Principal) {
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

func TestRateLimitAnswer(t *testing.T) {
	limit := httpserver.RateLimit(10, 1, nil)(text("ok"))
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
	s := newSite(t, func(r *httpserver.Routes) { r.Sites[0].Endpoint = httpserver.RateLimit(10, 50, nil)(text("ok")) })
	wantRefusal(t, s.do(t, "POST", "/", nil), 500, "internal_error")
}
