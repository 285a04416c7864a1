package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What only the wiring can know to be wrong is wrong usage like everything else, and
// found before anything is created.
func TestIssuersThatAreRefused(t *testing.T) {
	const entry = "issuer:\n  - url: https://a.example\n    "
	introspection := func(secret string) string {
		return entry + "mode: auto\n    introspection: {url: https://a.example/i, client-id: rs, client-secret-file: " + secret + "}\n"
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"unknown profile": {entry + "profile: aut0\n", []string{"todo.yaml:3", "issuer.profile", `"aut0"`, `"auth0"`, "zitadel"}},
		"unknown scope":   {entry + "scope-map: {admin: [create-todos]}\n", []string{"todo.yaml:3", "issuer.scope-map.admin", `"create-todos"`, `"create:todos"`}},
		"missing secret":  {introspection("/does/not/exist"), []string{"todo.yaml:4", "issuer.introspection.client-secret-file", "/does/not/exist"}},
		"empty secret":    {introspection(empty), []string{"todo.yaml:4", "issuer.introspection.client-secret-file", "empty"}},
		"algorithm":       {entry + "algorithms: [HS256]\n", []string{"--issuer", "https://a.example", "HS256"}},
		"two who are asked": {introspection("SECRET") + "  - url: https://b.example\n    mode: auto\n    introspection: {url: https://b.example/i, client-id: rs, client-secret-file: SECRET}\n",
			[]string{"--issuer", "https://a.example, https://b.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			secret := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(secret, []byte("hunter2"), 0o600); err != nil {
				t.Fatal(err)
			}
			db := filepath.Join(t.TempDir(), "todos.db")
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // what is not refused must not serve
			var out, log bytes.Buffer
			file := writeConfig(t, strings.ReplaceAll(test.file, "SECRET", secret))
			code := run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--ops-listen", "", "--db", db, "--config", file}, &out, &log)
			if code != exitUsage || out.Len() > 0 || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("exit code %d, stdout %q, stderr:\n%s", code, &out, &log)
			}
			for _, want := range test.want {
				if !strings.Contains(log.String(), want) {
					t.Errorf("the message does not say %q:\n%s", want, &log)
				}
			}
			if _, err := os.Stat(db); err == nil {
				t.Error("a database was created")
			}
		})
	}
}
