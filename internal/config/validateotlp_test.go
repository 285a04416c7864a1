package config_test

import (
	"strings"
	"testing"
)

func TestOTLPEndpoint(t *testing.T) {
	for _, c := range []struct{ given, want, fault string }{
		{"http://localhost:4318", "http://localhost:4318/v1/traces", ""},
		{"https://collector.example/", "https://collector.example/v1/traces", ""},
		{"http://localhost:4318/own/path", "http://localhost:4318/own/path", ""},
		{`""`, "", ""},
		{"localhost:4318", "", "write http://localhost:4318"},
		{"http://:4318", "", "write http://localhost:4318"},
		{"grpc://localhost:4318", "", "write http://localhost:4318"},
		{"http://localhost:4317", "", "write port 4318"},
		{"https://me:secret@collector.example", "", "a user"},
		{"https://collector.example?key=secret", "", "query"},
	} {
		got, err := parse(t, "issuer: https://id.example\npublic-url: https://todos.example\notlp-endpoint: "+c.given+"\n")
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "me:secret") {
				t.Errorf("%s: %v, want %q", c.given, err, c.fault)
			}
			continue
		}
		if err != nil || got.OTLPEndpoint != c.want {
			t.Errorf("%s: %q %v, want %q", c.given, got.OTLPEndpoint, err, c.want)
		}
	}
}
