package config_test

import (
	"fmt"
	"slices"
	"testing"

	"todomanager/internal/config"

	"github.com/google/go-cmp/cmp"
)

// another has another value for each setting but the file's name.
const another = `
listen: 127.0.0.1:4001
public-url: http://localhost:4001
issuer: [{url: https://id.example.com, profile: auth0}]
audience: [x]
challenge-scopes: [create:todos]
db: other.db
audit-key: k
audit-heads: h
min-free: 1GiB
max-todos: 7
max-calls: 9
max-connections: 9
max-content: 5000
max-body: 2MiB
rate: 11
burst: 51
address-rate: 51
address-burst: 1001
ops-listen: 127.0.0.1:4003
behind-proxy: true
trusted-proxies: [10.0.0.0/8]
allowed-hosts: [a.example]
allowed-origins: [https://a.example]
tls-cert: cert
tls-key: key
otlp-endpoint: http://localhost:4318
direct-calls: false
log-level: warn
`

// TestAdopt: each setting changes or is left and named, and nothing else is.
func TestAdopt(t *testing.T) {
	running, err := parse(t, "", "--issuer="+issuer)
	if err != nil {
		t.Fatal(err)
	}
	next, err := parse(t, another, "--public-url=https://todo.example.com")
	if err != nil {
		t.Fatal(err)
	}
	adopted, changed, restart, err := running.Adopt(&next)
	if err != nil {
		t.Fatal(err)
	}
	left := append(config.NeedRestart(), "tls-cert", "tls-key")
	all := []string{"config"}
	before, after := running.Settings(), adopted.Settings()
	for i, wanted := range next.Settings() {
		if wanted.Name == "config" {
			continue
		}
		all = append(all, wanted.Name)
		want := wanted
		if slices.Contains(left, wanted.Name) {
			want = before[i]
		}
		if got := after[i]; fmt.Sprint(got.Value) != fmt.Sprint(want.Value) || got.Origin != want.Origin {
			t.Errorf("%s is %v from %s, want %v from %s", want.Name, got.Value, got.Origin, want.Value, want.Origin)
		}
		if fmt.Sprint(before[i].Value) == fmt.Sprint(wanted.Value) {
			t.Errorf("the test does not change %s", wanted.Name)
		}
	}
	slices.Sort(left)
	slices.Sort(restart)
	if diff := cmp.Diff(left, restart); diff != "" {
		t.Error(diff)
	}
	got := append(slices.Clone(changed), restart...)
	slices.Sort(got)
	slices.Sort(all)
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("named (-want +got):\n%s", diff)
	}
	if _, changed, restart, err := adopted.Adopt(adopted); err != nil || changed != nil || restart != nil {
		t.Errorf("the same again: %v, %v, %v", changed, restart, err)
	}
}

// TestAdoptMovedLines: where an entry stands is no change.
func TestAdoptMovedLines(t *testing.T) {
	const entry = "issuer:\n- url: https://id.example.com\n  mode: auto\n  introspection:\n    url: https://id.example.com/i\n    client-id: a\n    client-secret-file: b\n"
	running, err := parse(t, entry)
	if err != nil {
		t.Fatal(err)
	}
	next, err := parse(t, "\n# moved\n"+entry)
	if err != nil {
		t.Fatal(err)
	}
	if _, changed, _, err := running.Adopt(&next); err != nil || !slices.Equal(changed, []string{"config"}) {
		t.Errorf("changed %v, %v", changed, err)
	}
}

// TestAdoptClash: what is left as it was may not fit to the rest.
func TestAdoptClash(t *testing.T) {
	running, err := parse(t, "", "--issuer="+issuer, "--listen=0.0.0.0:3001", "--behind-proxy")
	if err != nil {
		t.Fatal(err)
	}
	next, err := parse(t, "", "--issuer="+issuer)
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = running.Adopt(&next)
	wantError(t, err, "--listen", `"0.0.0.0:3001"`, "restart the server")
}

// TestErrorsNameThePlace: an error says where the value is that must be mended.
func TestErrorsNameThePlace(t *testing.T) {
	_, err := parse(t, "\nrate: 0\n", "--issuer="+issuer)
	wantError(t, err, "rate", "is 0, from ", "todo.yaml:2: must be")
	_, err = parse(t, "\n\nissuer: [https://id.example.com, ftp://id.example.com]\n")
	wantError(t, err, "todo.yaml:3: issuer.url", "ftp://id.example.com")
	_, err = parse(t, "\nissuer: ftp://id.example.com\n")
	wantError(t, err, "todo.yaml:2: issuer.url")
	t.Setenv("TODO_ISSUER", "ftp://id.example.com")
	_, err = parse(t, "")
	wantError(t, err, "--issuer", ", from variable TODO_ISSUER: ")
	t.Setenv("TODO_BURST", "0")
	_, err = parse(t, "burst: 7\n", "--issuer="+issuer)
	wantError(t, err, "is 0, from variable TODO_BURST: must be")
	_, err = parse(t, "burst: 7\n", "--issuer="+issuer, "--burst=-1")
	wantError(t, err, "is -1: must be")
}
