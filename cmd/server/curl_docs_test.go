package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestCurlInTheDocumentation: the commands that get a token of dev without a client do.
func TestCurlInTheDocumentation(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	page, err := os.ReadFile("../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)\n```\n(server=.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/clients.md has no such commands")
	}
	p := startDev(t)
	commands := strings.NewReplacer("http://localhost:3001", p.url, "http://localhost:3002", p.issuer).Replace(string(block[1]))
	got, err := exec.CommandContext(t.Context(), "sh", "-euc", commands).CombinedOutput()
	if err != nil || !strings.Contains(string(got), `"structuredContent":{"rows":[`) {
		t.Errorf("%s, %v", got, err)
	}
}
