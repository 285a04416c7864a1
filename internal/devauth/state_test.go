package devauth_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todomanager/internal/devauth"
)

func TestRestartKeepsClientsGrantsAndKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "devauth")
	s := start(t, dir, "")
	id := s.publicClient()
	tokens := s.tokens(id, "alice")
	kid, _ := claims(t, tokens["access_token"])
	keys := s.do("GET", "/jwks.json", "").body
	s.stop()

	s = start(t, dir, strings.TrimPrefix(s.url, "http://"))
	if got := s.do("GET", "/jwks.json", "").body; got != keys || !strings.Contains(got, kid["kid"].(string)) {
		t.Errorf("keys changed from %s to %s", keys, got)
	}
	if strings.Contains(keys, `"d"`) {
		t.Error("the key set has the private key")
	}
	refreshed := s.post("/token", refreshForm(id, tokens["refresh_token"].(string)))
	if refreshed.status != http.StatusOK {
		t.Fatalf("refresh after restart: %d %s", refreshed.status, refreshed.body)
	}
	s.tokens(id, "admin")
	// Reuse must be seen across a restart, too.
	wantError(t, s.post("/token", refreshForm(id, tokens["refresh_token"].(string))), 400, "invalid_grant")
}

func TestRestartWithOtherConfiguration(t *testing.T) {
	for name, tt := range map[string]struct {
		adjust func(*devauth.Config)
		status int
		want   string
	}{
		"other resource":      {withResource("http://localhost:9"), 400, "invalid_target"},
		"person removed":      {func(c *devauth.Config) { c.People = c.People[:1] }, 400, "invalid_grant"},
		"ceiling now smaller": {func(c *devauth.Config) { c.People[1].Scopes = []string{"read:todos"} }, 200, "read:todos"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := start(t, dir, "")
			id := s.publicClient()
			token := s.tokens(id, "admin")["refresh_token"].(string)
			s.stop()
			s = start(t, dir, strings.TrimPrefix(s.url, "http://"), tt.adjust)
			a := s.post("/token", refreshForm(id, token))
			if tt.status == 200 {
				if got := a.json(t)["scope"]; got != tt.want {
					t.Errorf("scope %v, want %s", got, tt.want)
				}
				return
			}
			wantError(t, a, tt.status, tt.want)
		})
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "devauth")
	s := start(t, dir, "")
	id := s.publicClient()
	refresh := s.tokens(id, "alice")["refresh_token"].(string)
	for path, want := range map[string]fs.FileMode{"": 0o700, "state.json": 0o600, "signing-key.pem": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q has mode %#o, want %#o", path, got, want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("files %v (%v), want the key and the state", entries, err)
	}
	data, _ := os.ReadFile(filepath.Join(dir, "state.json"))
	if _, secret, _ := strings.Cut(refresh, "."); strings.Contains(string(data), secret) {
		t.Error("the state has a refresh token in clear")
	}
}

func TestNewRefusesDamagedFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		file, content string
		mode          fs.FileMode
		want          string
	}{
		"empty state":       {"state.json", "", 0o600, "move it away"},
		"cut state":         {"state.json", `{"version":1,"clients":{`, 0o600, "move it away"},
		"newer state":       {"state.json", `{"version":2,"clients":{},"grants":{}}`, 0o600, "version 2"},
		"unknown member":    {"state.json", `{"version":1,"clients":{},"grants":{},"x":1}`, 0o600, "move it away"},
		"null maps":         {"state.json", `{"version":1,"clients":null,"grants":null}`, 0o600, "move it away"},
		"trailing data":     {"state.json", `{"version":1,"clients":{},"grants":{}}{}`, 0o600, "move it away"},
		"key no PEM":        {"signing-key.pem", "x", 0o600, "remove it"},
		"key of other type": {"signing-key.pem", ed25519PEM(t), 0o600, "remove it"},
		"key others read":   {"signing-key.pem", "x", 0o640, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, tt.file)
			if err := os.WriteFile(path, []byte(tt.content), tt.mode); err != nil {
				t.Fatal(err)
			}
			_, err := devauth.New(config("http://localhost:3002", dir))
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with the file and %q", err, tt.want)
			}
			if data, _ := os.ReadFile(path); string(data) != tt.content {
				t.Errorf("the file was changed to %q", data)
			}
		})
	}
}

// If the state cannot be written nothing may have changed: the same refresh
// token must work once it can.
func TestUnwritableStateChangesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "devauth")
	s := start(t, dir, "")
	id := s.publicClient()
	token := s.tokens(id, "alice")["refresh_token"].(string)
	moved := dir + "-moved"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.post("/token", refreshForm(id, token)), 500, "server_error")
	wantError(t, s.register(`{"redirect_uris":["http://localhost/"]}`), 500, "server_error")
	if back := s.signIn(request(id), "alice"); back.Get("error") != "server_error" || back.Has("code") {
		t.Errorf("callback %v, want server_error", back)
	}
	if err := os.Rename(moved, dir); err != nil {
		t.Fatal(err)
	}
	if a := s.post("/token", refreshForm(id, token)); a.status != http.StatusOK {
		t.Errorf("refresh: %d %s", a.status, a.body)
	}
	if !strings.Contains(s.log.String(), "level=ERROR") {
		t.Error("the failure is not in the log")
	}
}

func TestStateExpiresAndIsBounded(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, "")
	id := s.publicClient()
	s.tokens(id, "alice")
	s.stop()
	editState(t, dir, func(st map[string]any) {
		grants := st["grants"].(map[string]any)
		var one map[string]any
		for _, g := range grants {
			one = g.(map[string]any)
		}
		for i := range 9_999 {
			grants[fmt.Sprintf("FILL%04d", i)] = one
		}
	})
	s = start(t, dir, strings.TrimPrefix(s.url, "http://"))
	s.clock.advance(time.Second)
	newest := s.tokens(id, "alice")["refresh_token"].(string)
	if n := len(readState(t, dir)["grants"].(map[string]any)); n != 10_000 {
		t.Errorf("%d grants, want 10,000", n)
	}
	if a := s.post("/token", refreshForm(id, newest)); a.status != http.StatusOK {
		t.Errorf("newest grant: %s", a.body)
	}
	s.clock.advance(30 * 24 * time.Hour)
	s.publicClient()
	if n := len(readState(t, dir)["grants"].(map[string]any)); n != 0 {
		t.Errorf("%d grants after 30 days, want 0", n)
	}
	s.clock.advance(90 * 24 * time.Hour)
	s.publicClient()
	if n := len(readState(t, dir)["clients"].(map[string]any)); n != 1 {
		t.Errorf("%d clients after 90 days unused, want the new one", n)
	}
}

// A client is kept for 90 days after its last token, of either kind.
func TestClientInUseIsKept(t *testing.T) {
	const day = 24 * time.Hour
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	s.clock.advance(60 * day)
	token := s.tokens(id, "alice")["refresh_token"].(string)
	s.clock.advance(20 * day)
	s.post("/token", refreshForm(id, token))
	for _, tt := range []struct {
		wait time.Duration
		want int
	}{{89 * day, http.StatusOK}, {day, http.StatusBadRequest}} {
		s.clock.advance(tt.wait)
		s.publicClient() // a change is when the expired goes
		if a := s.authorize(request(id)); a.status != tt.want {
			t.Errorf("after %v more: %d, want %d", tt.wait, a.status, tt.want)
		}
	}
}

func TestNewRefusesConfiguration(t *testing.T) {
	for name, adjust := range map[string]func(*devauth.Config){
		"issuer off loopback":      func(c *devauth.Config) { c.Issuer = "http://192.168.1.2:3002" },
		"issuer by name":           func(c *devauth.Config) { c.Issuer = "https://login.example.com" },
		"issuer like localhost":    func(c *devauth.Config) { c.Issuer = "http://localhost.example.com:3002" },
		"issuer with slash":        func(c *devauth.Config) { c.Issuer = "http://localhost:3002/" },
		"issuer with query":        func(c *devauth.Config) { c.Issuer = "http://localhost:3002?" },
		"issuer with user":         func(c *devauth.Config) { c.Issuer = "http://a@localhost:3002" },
		"issuer without scheme":    func(c *devauth.Config) { c.Issuer = "localhost:3002" },
		"issuer of other scheme":   func(c *devauth.Config) { c.Issuer = "ftp://localhost:3002" },
		"resource off loopback":    withResource("https://todo.example.com"),
		"resource with fragment":   withResource("http://localhost:3001#x"),
		"no resource":              withResource(""),
		"no folder":                func(c *devauth.Config) { c.Dir = "" },
		"nobody":                   func(c *devauth.Config) { c.People = nil },
		"person without name":      func(c *devauth.Config) { c.People[0].Name = "" },
		"two of a name":            func(c *devauth.Config) { c.People[0].Name = "admin" },
		"person's scope unknown":   func(c *devauth.Config) { c.People[0].Scopes = []string{"x"} },
		"scope with a space":       func(c *devauth.Config) { c.Scopes[0].Name = "create todos" },
		"negative life of a token": func(c *devauth.Config) { c.AccessTokenTTL = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "devauth")
			cfg := config("http://localhost:3002", dir)
			adjust(&cfg)
			if _, err := devauth.New(cfg); err == nil {
				t.Error("accepted")
			}
			if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
				t.Error("the folder was created all the same")
			}
		})
	}
}

// ed25519PEM is a sound key of the wrong kind.
func ed25519PEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func readState(t *testing.T, dir string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	return answer{body: string(data)}.json(t)
}

func editState(t *testing.T, dir string, edit func(map[string]any)) {
	t.Helper()
	st := readState(t, dir)
	edit(st)
	data, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "state.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
