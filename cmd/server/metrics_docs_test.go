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
	var known []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\w+) `).FindAllStringSubmatch(got.body, -1) {
		known = append(known, m[1])
		if strings.HasPrefix(m[1], "todomanager_") && !strings.Contains(string(page), "`"+m[1]+"`") {
			t.Errorf("docs/metrics.md lacks %s", m[1])
		}
	}
	documented := regexp.MustCompile(`todomanager_\w+`).FindAllString(string(page), -1)
	onlyKnown(t, "docs/metrics.md", documented, known)
	for alert, expr := range alerts(t) {
		onlyKnown(t, alert, metricNames(expr), known)
	}
	var shown []string
	for title, expr := range dashboard(t) {
		onlyKnown(t, "the dashboard's "+title, metricNames(expr), known)
		shown = append(shown, metricNames(expr)...)
	}
	for _, name := range documented {
		if !slices.Contains(shown, name) {
			t.Errorf("deploy/grafana/todo-manager.json does not show %s", name)
		}
	}
}

func onlyKnown(t *testing.T, where string, names, known []string) {
	t.Helper()
	if len(names) == 0 {
		t.Errorf("%s names no metric", where)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			t.Errorf("%s has %s, which there is not", where, name)
		}
	}
}

// metricNames returns the metrics of a PromQL expression, by their names without the
// suffixes of histograms.
func metricNames(expr string) (names []string) {
	for _, name := range regexp.MustCompile(`\b(?:todomanager|go|process)_\w+|\bup\b`).FindAllString(expr, -1) {
		if name == "up" { // Prometheus' own
			name = "go_info"
		}
		names = append(names, regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, ""))
	}
	return names
}

// alerts returns the expressions of the alerts.
func alerts(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(text, &parsed); err != nil || len(parsed.Groups) != 1 || len(parsed.Groups[0].Rules) < 5 {
		t.Fatal(parsed, err)
	}
	found := make(map[string]string)
	for _, rule := range parsed.Groups[0].Rules {
		found[rule.Alert] = rule.Expr
	}
	return found
}
