package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// proxied is a server behind the proxy of deploy/compose.
type proxied struct {
	*program
	public string // URL
	client *http.Client
}

// startProxied runs Caddy with the Compose file's Caddyfile and the server behind it.
// Requests are TLS and come from 127.0.0.2, which is not the proxy's address.
func startProxied(t *testing.T, issuer string) *proxied {
	t.Helper()
	caddy, err := exec.LookPath("caddy")
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skipf("needs Caddy (Debian package caddy): %v", err)
	}
	port, httpsPort, data := freePort(), freePort(), t.TempDir()
	p := &proxied{public: "https://localhost:" + httpsPort}
	p.program = startServe(t, port, "issuer: "+issuer+"\n", "--public-url", p.public, "--behind-proxy", "--trusted-proxies", "127.0.0.1")

	process := exec.Command(caddy, "run", "--config", filepath.Join(deployDir, "compose/Caddyfile"), "--adapter", "caddyfile")
	var log log
	process.Stdout, process.Stderr = &log, &log
	process.Env = append(os.Environ(), "HOME="+data, "XDG_DATA_HOME="+data, "XDG_CONFIG_HOME="+data,
		"TODO_HOST=localhost", "ID_HOST=id.localhost", "ACME_EMAIL=nobody@example.com", "TODO_UPSTREAM="+p.address,
		"CADDY_GLOBAL_OPTIONS=skip_install_trust\nhttps_port "+httpsPort+"\nhttp_port "+freePort()+"\ndefault_bind 127.0.0.1")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Kill()
		process.Wait()
		if t.Failed() {
			t.Logf("Caddy:\n%s", log.String())
		}
	})
	roots := x509.NewCertPool()
	eventually(t, "certificates", func() bool {
		pem, _ := os.ReadFile(filepath.Join(data, "caddy/pki/authorities/local/root.crt"))
		return roots.AppendCertsFromPEM(pem)
	})
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, "127.0.0.1:"+httpsPort)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	p.client = &http.Client{Transport: transport}
	eventually(t, "served by Caddy", func() bool {
		resp, err := p.client.Get(p.public + "/")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return true
	})
	return p
}

// ask sends a request to the public URL.
func (p *proxied) ask(t *testing.T, method, path, token, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.public+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// TestBehindCaddy: behind the proxy of deploy/compose the server is what it is without:
// clients find it by its public URL, and are known by their own addresses.
func TestBehindCaddy(t *testing.T) {
	issuer := newTestSite(t, "")
	p := startProxied(t, issuer.issuer.URL)
	issuer.issuer.Audience = p.public
	token := issuer.token("alice", "create:todos")

	t.Run("challenge", func(t *testing.T) {
		got := p.ask(t, http.MethodPost, "/", "", toolCall("get-todos", "{}"))
		if want := `resource_metadata="` + p.public + "/.well-known/oauth-protected-resource"; got.status != http.StatusUnauthorized || !strings.Contains(got.header.Get("WWW-Authenticate"), want) {
			t.Errorf("%d %v, want %s", got.status, got.header, want)
		}
		got = p.ask(t, http.MethodGet, "/.well-known/oauth-protected-resource", "", "")
		if got.status != http.StatusOK || !strings.Contains(got.body, `"resource":"`+p.public+`"`) || got.header.Get("Strict-Transport-Security") == "" {
			t.Errorf("metadata: %d %v %s", got.status, got.header, got.body)
		}
	})
	t.Run("call", func(t *testing.T) {
		got := p.ask(t, http.MethodPost, "/", token, toolCall("create-todo", `{"content":"behind a proxy"}`),
			"X-Forwarded-For", "203.0.113.9", "X-Request-Id", "chosen-by-a-client")
		if got.status != http.StatusOK || !strings.Contains(got.body, `"ownerId":"alice"`) {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if id := got.header.Get("X-Request-Id"); id == "chosen-by-a-client" || id == "" {
			t.Errorf("request id %q", id)
		}
		eventually(t, "logged with the client's address", func() bool {
			return strings.Contains(p.log.String(), `"remote":"127.0.0.2"`) || strings.Contains(p.log.String(), "remote=127.0.0.2")
		})
		if strings.Contains(p.log.String(), "203.0.113.9") {
			t.Error("an address that the client made up was believed")
		}
	})
	t.Run("too large", func(t *testing.T) {
		got := p.ask(t, http.MethodPost, "/", token, toolCall("create-todo", `{"content":"`+strings.Repeat("x", 2<<20)+`"}`))
		if got.status != http.StatusRequestEntityTooLarge || !strings.Contains(got.body, "body_too_large") {
			t.Errorf("%d %.200s", got.status, got.body)
		}
	})
	t.Run("inside", func(t *testing.T) {
		for _, path := range []string{"/livez", "/readyz", "/metrics"} {
			if got := p.ask(t, http.MethodGet, path, "", ""); got.status != http.StatusNotFound || got.body != "" {
				t.Errorf("%s from outside: %d %s", path, got.status, fmt.Sprintf("%.100s", got.body))
			}
		}
	})
}
