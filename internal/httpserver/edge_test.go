package httpserver_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"todomanager/internal/httpserver"
	"todomanager/internal/observe"
)

func TestRequestID(t *testing.T) {
	var seen string
	tell := func(r *httpserver.Routes) {
		r.Sites[0].Endpoint = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = observe.RequestID(r.Context()) })
	}
	direct := newSite(t, tell)
	proxied := newSite(t, func(r *httpserver.Routes) { tell(r); trust("127.0.0.0/8")(r) })
	for _, test := range []struct {
		site     *site
		sent     string
		accepted bool
	}{
		{direct, "", false},
		{direct, "0123456789abcdef", false},
		{proxied, "0123456789abcdef", true},
		{proxied, "a-b_c.d-e", true},
		{proxied, "", false},
		{proxied, "short", false},
		{proxied, strings.Repeat("x", 65), false},
		{proxied, "has a space in it", false},
		{proxied, "quote\"quote", false},
	} {
		got := test.site.do(t, "POST", "/", nil, "X-Request-Id", test.sent).Header.Get("X-Request-Id")
		if got != seen {
			t.Errorf("answered %q, handler saw %q", got, seen)
		}
		if (got == test.sent) != test.accepted {
			t.Errorf("sent %q, got %q; accepted should be %v", test.sent, got, test.accepted)
		}
		if !test.accepted && !regexp.MustCompile(`^[0-9a-v]{20}$`).MatchString(got) {
			t.Errorf("own id %q", got)
		}
	}
	one := direct.do(t, "POST", "/", nil).Header.Get("X-Request-Id")
	if two := direct.do(t, "POST", "/", nil).Header.Get("X-Request-Id"); one == two {
		t.Error("an id was used twice")
	}
}

func TestAccessLog(t *testing.T) {
	s := newSite(t, nil)
	id := s.do(t, "POST", "/?access_token=hunter2", strings.NewReader("hello"), "Authorization", "Bearer hunter2").Header.Get("X-Request-Id")
	s.do(t, "GET", "/livez", nil)
	s.do(t, "GET", "/"+strings.Repeat("x", 5000), nil)
	s.Close()

	lines := s.logs.named(t, "request")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want 3", len(lines))
	}
	want := map[string]any{
		"level": "INFO", "method": "POST", "path": "/", "status": 200.0, "bytes": 5.0, "request_id": id, "remote": "127.0.0.1",
	}
	for key, value := range want {
		if lines[0][key] != value {
			t.Errorf("%s = %v, want %v", key, lines[0][key], value)
		}
	}
	if lines[0]["duration_us"] == nil || strings.Contains(fmt.Sprint(lines), "hunter2") {
		t.Errorf("line %v", lines[0])
	}
	if lines[1]["level"] != "DEBUG" {
		t.Errorf("a probe is logged at %v", lines[1]["level"])
	}
	if path := lines[2]["path"].(string); len(path) > 200 {
		t.Errorf("a path of %d bytes is logged", len(path))
	}
}

func TestRemoteAddress(t *testing.T) {
	for name, test := range map[string]struct {
		trusted   []string
		forwarded []string // header lines
		want      string
	}{
		"no proxy":            {nil, []string{"192.0.2.1"}, "127.0.0.1"},
		"other proxy":         {[]string{"10.0.0.0/8"}, []string{"192.0.2.1"}, "127.0.0.1"},
		"no header":           {[]string{"127.0.0.0/8"}, nil, "127.0.0.1"},
		"one hop":             {[]string{"127.0.0.0/8"}, []string{"192.0.2.1"}, "192.0.2.1"},
		"forged left part":    {[]string{"127.0.0.0/8"}, []string{"6.6.6.6, 192.0.2.1"}, "192.0.2.1"},
		"two hops":            {[]string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"6.6.6.6, 192.0.2.1, 10.0.0.1"}, "192.0.2.1"},
		"several lines":       {[]string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"6.6.6.6", "192.0.2.1", "10.0.0.1"}, "192.0.2.1"},
		"all trusted":         {[]string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"10.0.0.2, 10.0.0.1"}, "10.0.0.2"},
		"junk":                {[]string{"127.0.0.0/8"}, []string{"192.0.2.1, unknown"}, "127.0.0.1"},
		"junk behind a proxy": {[]string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"x, 10.0.0.1"}, "10.0.0.1"},
		"with port":           {[]string{"127.0.0.0/8"}, []string{"192.0.2.1:5000"}, "192.0.2.1"},
		"v6 with port":        {[]string{"127.0.0.0/8"}, []string{"[2001:db8::1]:5000"}, "2001:db8::1"},
		"v4 in v6":            {[]string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"192.0.2.1, ::ffff:10.0.0.1"}, "192.0.2.1"},
		"zone is dropped":     {[]string{"127.0.0.0/8"}, []string{"fe80::1%eth0"}, "fe80::1"},
		"empty element":       {[]string{"127.0.0.0/8"}, []string{"192.0.2.1,"}, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, trust(test.trusted...))
			var header []string
			for _, line := range test.forwarded {
				header = append(header, "X-Forwarded-For", line)
			}
			s.do(t, "POST", "/", nil, header...)
			s.Close()
			if got := s.logs.named(t, "request")[0]["remote"]; got != test.want {
				t.Errorf("remote %v, want %s", got, test.want)
			}
		})
	}
}

func TestPanics(t *testing.T) {
	for name, test := range map[string]struct {
		serve  http.HandlerFunc
		status int // 0: the connection is aborted
		logged bool
	}{
		"before the answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "3")
			panic("hunter2")
		}, 500, true},
		"out of range":        {func(_ http.ResponseWriter, r *http.Request) { _ = []int(nil)[len(r.Method)] }, 500, true},
		"after early hints":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); panic(1) }, 500, true},
		"within the answer":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "half"); panic(1) }, 0, true},
		"after a flush":       {func(w http.ResponseWriter, _ *http.Request) { _ = http.NewResponseController(w).Flush(); panic(1) }, 0, true},
		"deliberate abortion": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(r *httpserver.Routes) { r.Sites[0].Endpoint = test.serve })
			if test.status != 0 {
				got := s.do(t, "POST", "/", nil)
				wantRefusal(t, got, test.status, "internal_error")
				if strings.Contains(got.body, "hunter2") {
					t.Error("the panic's value reached the client")
				}
			} else if !aborted(t, s) {
				t.Error("the client got a whole answer")
			}
			s.Close()
			panics := s.logs.named(t, "panic")
			if (len(panics) == 1) != test.logged {
				t.Fatalf("panics logged: %v", panics)
			}
			requests := s.logs.named(t, "request")
			if len(requests) != 1 || test.status != 0 && requests[0]["status"] != float64(test.status) {
				t.Errorf("access log %v", requests)
			}
			if test.logged && (!strings.Contains(fmt.Sprint(panics[0]["stack"]), "edge_test.go") || panics[0]["request_id"] != requests[0]["request_id"]) {
				t.Errorf("log line %v", panics[0])
			}
		})
	}
}

// aborted reports whether a POST ends in a broken connection.
func aborted(t *testing.T, s *site) bool {
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	prepare(req, nil)
	res, err := s.Client().Do(req)
	if err != nil {
		return true
	}
	defer res.Body.Close()
	_, err = io.ReadAll(res.Body)
	return err != nil
}

// unsized hides a body's length, so that it is sent in chunks.
type unsized struct{ io.Reader }

func TestBodyLimit(t *testing.T) {
	const limit = 1 << 20
	s := newSite(t, nil)
	for name, test := range map[string]struct {
		size    int
		chunked bool
		status  int
	}{
		"announced, at the limit": {limit, false, 200},
		"announced, over":         {limit + 1, false, 413},
		"chunked, at the limit":   {limit, true, 200},
		"chunked, over":           {limit + 1, true, 413},
	} {
		t.Run(name, func(t *testing.T) {
			var body io.Reader = bytes.NewReader(make([]byte, test.size))
			if test.chunked {
				body = unsized{body}
			}
			got := s.do(t, "POST", "/", body)
			if test.status == 413 {
				wantRefusal(t, got, 413, "body_too_large")
			} else if got.StatusCode != test.status || len(got.body) != test.size {
				t.Errorf("status %d, %d bytes", got.StatusCode, len(got.body))
			}
		})
	}
}

func TestBodyLimitOfOnesOwn(t *testing.T) {
	s := newSite(t, func(r *httpserver.Routes) { r.MaxBody = 64 << 10 })
	for size, status := range map[int]int{64 << 10: 200, 64<<10 + 1: 413} {
		for _, body := range []io.Reader{bytes.NewReader(make([]byte, size)), unsized{bytes.NewReader(make([]byte, size))}} {
			got := s.do(t, "POST", "/", body)
			if got.StatusCode != status {
				t.Errorf("%d bytes: status %d, want %d", size, got.StatusCode, status)
			}
			if status == 413 && !strings.Contains(got.body, "at most 64 KiB") {
				t.Errorf("the refusal does not name the limit: %s", got.body)
			}
		}
	}
}

func TestBodyLimitDoesNotReachTheEndpoint(t *testing.T) {
	reached := false
	s := newSite(t, func(r *httpserver.Routes) {
		r.Sites[0].Endpoint = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	})
	s.do(t, "POST", "/", bytes.NewReader(make([]byte, 1<<20+1)))
	if reached {
		t.Error("an announced length over the limit reached the endpoint")
	}
}
