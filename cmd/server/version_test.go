package main

import (
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
)

// TestBuild: what a build in a clone knows is printed, and what it does not know is left out.
func TestBuild(t *testing.T) {
	clone := func(modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
			{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: modified},
		}}
	}
	for _, c := range []struct {
		name       string
		info       *debug.BuildInfo
		text, json []string // what each has
		lacks      string   // what neither has
	}{
		{"clean", clone("false"), []string{"todo-manager v1.2.3 go1.", "\ncommit abc of 2026-01-02T03:04:05Z\n"},
			[]string{`"version":"v1.2.3"`, `"commit":"abc"`, `"commit_time":"2026-01-02T03:04:05Z"`, `"dirty":false`, `"sqlite":"3.`}, "not committed"},
		{"changed", clone("true"), []string{"Z, with uncommitted changes\n"}, []string{`"dirty":true`}, "devel"},
		{"no clone", &debug.BuildInfo{}, []string{"todo-manager (devel) "}, []string{`"version":"(devel)"`}, "commit"},
		{"nothing", nil, []string{"todo-manager unknown "}, []string{`"version":"unknown"`}, "dirty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := buildOf(c.info, c.info != nil)
			var text strings.Builder
			if err := b.print(&text); err != nil {
				t.Fatal(err)
			}
			data, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.text {
				if !strings.Contains(text.String(), want) {
					t.Errorf("%q lacks %q", text.String(), want)
				}
			}
			for _, want := range c.json {
				if !strings.Contains(string(data), want) {
					t.Errorf("%s lacks %s", data, want)
				}
			}
			if strings.Contains(text.String()+string(data), c.lacks) {
				t.Errorf("%q %s has %q", text.String(), data, c.lacks)
			}
		})
	}
}
