package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

type dashboardPanel struct {
	ID      int
	Type    string
	Title   string
	GridPos struct{ X, Y, W, H int }
	Targets []struct {
		Expr       string
		Datasource struct{ Type, UID string }
	}
}

func readDashboard(t *testing.T) (panels []dashboardPanel) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/grafana/todo-manager.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		ID            *int
		UID, Title    string
		SchemaVersion int
		Inputs        []struct{ Name, Type, PluginID string } `json:"__inputs"`
		Templating    struct{ List []struct{ Name, Type string } }
		Panels        []dashboardPanel
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.ID != nil || d.UID == "" || d.Title == "" || d.SchemaVersion < 36 || len(d.Inputs) != 1 || d.Inputs[0].PluginID != "prometheus" ||
		len(d.Templating.List) == 0 || d.Templating.List[0].Name != "datasource" || d.Templating.List[0].Type != "datasource" {
		t.Errorf("not importable: %+v", d)
	}
	return d.Panels
}

// dashboard returns the expressions of the dashboard by the titles of their panels, with
// what Grafana fills in filled in.
func dashboard(t *testing.T) map[string]string {
	t.Helper()
	filled := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$instance", ".*")
	found := make(map[string]string)
	for _, p := range readDashboard(t) {
		for i, target := range p.Targets {
			found[fmt.Sprintf("%s, query %d of panel %d", p.Title, i+1, p.ID)] = filled.Replace(target.Expr)
		}
	}
	return found
}

// TestDashboard: panels have ids of their own, lie side by side, and ask the data source
// that was chosen.
func TestDashboard(t *testing.T) {
	taken := make(map[[2]int]string)
	ids := make(map[int]bool)
	for _, p := range readDashboard(t) {
		if ids[p.ID] || p.ID == 0 || p.Title == "" || (p.Type == "row") != (len(p.Targets) == 0) {
			t.Errorf("panel %d %q", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies on %q or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			if target.Datasource.UID != "${datasource}" || target.Datasource.Type != "prometheus" {
				t.Errorf("%q asks %+v", p.Title, target.Datasource)
			}
		}
	}
}

// TestPromtool lets Prometheus' own tool parse every expression, and fire every alert.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian: prometheus)")
	}
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	count := 0
	for title, expr := range dashboard(t) {
		quoted, _ := json.Marshal(expr)
		fmt.Fprintf(&rules, "      - {record: \"panel:%d\", expr: %s} # %s\n", count, quoted, title)
		count++
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	const folder = "../../deploy/prometheus/"
	for _, args := range [][]string{{"check", "rules", file}, {"check", "rules", folder + "alerts.yml"}, {"test", "rules", folder + "alerts_test.yml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	tests, err := os.ReadFile(folder + "alerts_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	for alert := range alerts(t) {
		fires, quiet := "alertname: "+alert+"\n", "{alertname: "+alert+","
		if !strings.Contains(string(tests), fires) || !strings.Contains(string(tests), quiet) {
			t.Errorf("alerts_test.yml does not let %s fire, and be quiet", alert)
		}
	}
}
