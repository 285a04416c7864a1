package httpserver_test

import (
	"net/http"
	"strings"
	"testing"

	"todomanager/internal/httpserver"
)

// TestShed: while there is no place a call is refused before anything is done for it;
// what is no call is served.
func TestShed(t *testing.T) {
	full, shed, reached := true, 0, 0
	logs := new(logs)
	s := newSite(t, func(r *httpserver.Routes) {
		r.Full, r.Shed, r.Logger = func() bool { return full }, func() { shed++ }, logs.logger()
		r.Sites[0].Endpoint = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ })
	})
	got := s.do(t, "POST", "/", strings.NewReader("{}"))
	wantRefusal(t, got, 503, "overloaded")
	if got.Header.Get("Retry-After") != "1" || shed != 1 || reached != 0 {
		t.Errorf("Retry-After %q, shed %d, reached %d", got.Header.Get("Retry-After"), shed, reached)
	}
	if lines := logs.named(t, "request"); len(lines) != 0 {
		t.Errorf("logged %v", lines)
	}
	if got := s.do(t, "GET", "/livez", nil); got.StatusCode != 200 {
		t.Errorf("/livez: %d", got.StatusCode)
	}
	full = false
	if got := s.do(t, "POST", "/", strings.NewReader("{}")); got.StatusCode != 200 || reached != 1 {
		t.Errorf("with places: %d, reached %d", got.StatusCode, reached)
	}
}
