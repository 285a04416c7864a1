package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"todomanager/internal/store/sqlite"
)

type versionCommand struct {
	Output string `short:"o" default:"text" placeholder:"text|json" help:"Format of the output (${default})."`
}

// Validate refuses forms that there are not.
func (c *versionCommand) Validate() error { return oneOf("-o", c.Output, "text", "json") }

// Run prints what the binary was built from.
func (c *versionCommand) Run(std stdio) error {
	b := buildOf(debug.ReadBuildInfo())
	if c.Output == "json" {
		return json.NewEncoder(std.out).Encode(b)
	}
	return b.print(std.out)
}

// build is what the go command wrote into the binary.
type build struct {
	Version    string `json:"version"`               // of the module: a tag, or the commit's pseudo-version
	Commit     string `json:"commit,omitempty"`      // empty: not built in a git clone
	CommitTime string `json:"commit_time,omitempty"` // RFC 3339
	Dirty      *bool  `json:"dirty,omitempty"`       // with changes that are in no commit; nil: not known
	Go         string `json:"go"`
	Platform   string `json:"platform"`
	SQLite     string `json:"sqlite"`
}

func buildOf(info *debug.BuildInfo, ok bool) build {
	b := build{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, SQLite: sqlite.EngineVersion}
	if !ok {
		return b
	}
	if b.Version = info.Main.Version; b.Version == "" {
		b.Version = "(devel)"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.CommitTime = s.Value
		case "vcs.modified":
			dirty := s.Value == "true"
			b.Dirty = &dirty
		}
	}
	return b
}

// print writes one line, and one more for the commit if it is known.
func (b *build) print(out io.Writer) error {
	if _, err := fmt.Fprintf(out, "todo-manager %s %s %s sqlite %s\n", b.Version, b.Go, b.Platform, b.SQLite); err != nil || b.Commit == "" {
		return err
	}
	changed := ""
	if b.Dirty != nil && *b.Dirty {
		changed = ", with uncommitted changes"
	}
	_, err := fmt.Fprintf(out, "commit %s of %s%s\n", b.Commit, b.CommitTime, changed)
	return err
}

// version is the module's version, with the commit where the build knows no better.
func version() string {
	b := buildOf(debug.ReadBuildInfo())
	if b.Version == "(devel)" && b.Commit != "" {
		return b.Commit
	}
	return b.Version
}
