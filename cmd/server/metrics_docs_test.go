package main

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestMetricsAreDocumented: the page names all metrics there are, and the alerts no others.
func TestMetricsAreDocumented(t *testing.T) {
	ops := "127.0.0.1:" + freePort()
	p := startDev(t, "--ops-listen", ops)
	p.text(t, p.token(t, "alice"), "get-todos", `{}`)
	if _, err := (message{method: http.MethodPost, url: p.url, token: "nonsense", body: "{}"}).send(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := message{method: http.MethodGet, url: "http://" + ops + "/metrics"}.send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`todomanager_\w+`)
	var known []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (todomanager_\w+) `).FindAllStringSubmatch(got.body, -1) {
		known = append(known, m[1])
		if !strings.Contains(string(page), "`"+m[1]+"`") {
			t.Errorf("docs/metrics.md lacks %s", m[1])
		}
	}
	known = append(known, "todomanager_commits_failed_total") // there once it happened
	for _, documented := range name.FindAllString(string(page), -1) {
		if !slices.Contains(known, documented) {
			t.Errorf("docs/metrics.md has %s, which there is not", documented)
		}
	}
	rules, err := os.ReadFile("../../deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(rules, &parsed); err != nil || len(parsed.Groups) != 1 || len(parsed.Groups[0].Rules) < 5 {
		t.Fatal(parsed, err)
	}
	for _, rule := range parsed.Groups[0].Rules {
		for _, used := range name.FindAllString(rule.Expr, -1) {
			if !slices.Contains(known, strings.TrimSuffix(used, "_bucket")) {
				t.Errorf("%s looks at %s, which there is not", rule.Alert, used)
			}
		}
	}
}
