package httpserver_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"todomanager/internal/httpserver"
)

// start serves o on a free port; stop ends it and returns what Serve returned.
func start(t *testing.T, o httpserver.Options) (address string, stop func() error) {
	t.Helper()
	o.Address = "127.0.0.1:0"
	if o.Logger == nil {
		o.Logger = new(logs).logger()
	}
	server, err := httpserver.Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- server.Serve(ctx) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-result
	}
	t.Cleanup(func() { _ = stop() })
	return server.Addr().String(), stop
}

func TestAddressErrorsAreSynchronous(t *testing.T) {
	address, _ := start(t, httpserver.Options{Handler: text("ok")})
	for _, test := range []struct{ address, want string }{
		{address, "choose another port"},
		{"192.0.2.1:0", "no such address"},
		{"127.0.0.1:99999", "invalid port"},
	} {
		_, err := httpserver.Listen(httpserver.Options{Address: test.address, Logger: new(logs).logger()})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", test.address, err, test.want)
		}
	}
}

func TestCloseFreesTheAddress(t *testing.T) {
	o := httpserver.Options{Address: "127.0.0.1:0", Logger: new(logs).logger()}
	first, err := httpserver.Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	o.Address = first.Addr().String()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := httpserver.Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	_ = second.Close()
}

// inFlight starts a request that is being served until release is closed.
func inFlight(t *testing.T, grace time.Duration) (stop func() error, release chan struct{}, answer chan error, address string) {
	t.Helper()
	entered := make(chan struct{})
	release, answer = make(chan struct{}), make(chan error, 1)
	address, stop = start(t, httpserver.Options{
		Grace: grace,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			select {
			case <-release:
				_, _ = io.WriteString(w, "done")
			case <-r.Context().Done():
			}
		}),
	})
	go func() {
		res, err := http.Get("http://" + address)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		answer <- err
	}()
	<-entered
	return stop, release, answer, address
}

func TestServeDrains(t *testing.T) {
	stop, release, answer, address := inFlight(t, time.Minute)
	result := make(chan error, 1)
	go func() { result <- stop() }()
	for { // the listener closes while the request is still being served
		conn, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		conn.Close()
	}
	select {
	case err := <-result:
		t.Fatalf("Serve returned %v with a request in flight", err)
	default:
	}
	close(release)
	if err := <-answer; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := <-result; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestServeCutsOffAfterTheGrace(t *testing.T) {
	stop, _, answer, _ := inFlight(t, time.Millisecond)
	if err := stop(); err == nil || !strings.Contains(err.Error(), "still running after 1ms") {
		t.Errorf("Serve: %v", err)
	}
	if err := <-answer; err == nil {
		t.Error("the request in flight got an answer")
	}
}

func TestServeReportsALostListener(t *testing.T) {
	server, err := httpserver.Listen(httpserver.Options{Address: "127.0.0.1:0", Logger: new(logs).logger()})
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	if err := server.Serve(t.Context()); err == nil {
		t.Error("Serve on a closed listener returned nil")
	}
}

func TestHeaderLimit(t *testing.T) {
	address, _ := start(t, httpserver.Options{Handler: text("ok")})
	for size, status := range map[int]int{60 << 10: 200, 70 << 10: 431} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", strings.Repeat("x", size))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%d bytes of header: %d, want %d", size, res.StatusCode, status)
		}
	}
}

// keyPair returns a certificate for 127.0.0.1 with its key.
func keyPair(t *testing.T) (pair *tls.Certificate, roots *x509.CertPool) {
	t.Helper()
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	pair = &lender.TLS.Certificates[0]
	roots = x509.NewCertPool()
	roots.AddCert(lender.Certificate())
	return pair, roots
}

func TestTLS(t *testing.T) {
	pair, roots := keyPair(t)
	logs := new(logs)
	address, stop := start(t, httpserver.Options{Certificate: func() *tls.Certificate { return pair }, Handler: text("ok"), Logger: logs.logger()})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	res, err := client.Get("https://" + address)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 || res.ProtoMajor != 2 {
		t.Errorf("status %d over HTTP/%d", res.StatusCode, res.ProtoMajor)
	}
	client.CloseIdleConnections()
	if conn, err := tls.Dial("tcp", address, nil); err == nil { // does not trust the certificate
		conn.Close()
		t.Error("handshake without trust succeeded")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	for _, record := range logs.named(t, "http server") {
		if record["level"] != "DEBUG" {
			t.Errorf("a failed handshake is logged at %v", record["level"])
		}
	}
}
