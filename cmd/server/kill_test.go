package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

var kills = flag.Int("kills", 3, "how often TestKill kills the server")

// TestKill kills the server under load, again and again on one database. However it
// ends, what was acknowledged is there with exactly one row that allows it, every todo
// and every deletion has its row and the reverse, and the log verifies.
func TestKill(t *testing.T) {
	s := newVictim(t)
	if s.start(); t.Failed() {
		return
	}
	p := &program{url: s.url}
	tokens := []string{p.token(t, "alice"), p.token(t, "bob"), p.token(t, "admin")}
	for n := range *kills {
		if n > 0 {
			s.start()
		}
		s.loadUntilKilled(tokens)
		s.check()
		if t.Failed() {
			t.Fatalf("after kill %d; log:\n%s", n+1, s.log.String())
		}
	}
	s.start() // it comes back after the last one, too
	s.kill()
	withVictim(t, s.db, "PRAGMA integrity_check")
	t.Logf("%d kills: %d creates and %d deletes acknowledged, %d calls without an answer; %d audit rows, %d todos left",
		*kills, len(s.created), len(s.deleted), s.unanswered.Load(), s.lastSeq, len(s.todos))
}

// victim is a server process that is killed, and what is known of its database.
type victim struct {
	*testing.T
	url, address, db string
	log              *log
	stderr           *os.File // in place of log, if set
	args             []string // command line of the server
	limit            int      // of its descriptors; 0: as they are
	process          *exec.Cmd
	left             atomic.Int64 // acknowledged calls before it is killed
	unanswered       atomic.Int64

	mu      sync.Mutex
	created map[string]bool // ids that clients were told
	deleted map[string]bool

	lastSeq    int64
	rows       map[string]int // of calls: tool, decision and reason
	createRows map[string]int // rows that allow it, by id
	deleteRows map[string]int
	todos      map[string]bool
}

func newVictim(t *testing.T) *victim {
	port := freePort()
	s := &victim{
		T: t, url: "http://localhost:" + port, address: "127.0.0.1:" + port, db: filepath.Join(t.TempDir(), "todos.db"), log: new(log),
		created: map[string]bool{}, deleted: map[string]bool{}, rows: map[string]int{}, createRows: map[string]int{}, deleteRows: map[string]int{},
	}
	s.args = []string{"dev", "--issuer", "http://localhost:" + freePort(), "--listen", s.address, "--public-url", s.url, "--ops-listen", "",
		"--db", s.db, "--rate", "1e6", "--burst", "1000000", "--log-level", "warn"}
	return s
}

// start runs the server in a process of its own and returns once it is ready.
func (s *victim) start() {
	s.Helper()
	self, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	s.process = &exec.Cmd{Path: self, Stdout: s.log, Stderr: s.log, Args: append([]string{"server"}, s.args...)}
	if s.stderr != nil {
		s.process.Stderr = s.stderr
	}
	if s.limit > 0 {
		s.process = withArgs(s.process, "/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, s.limit), asServer(s.T))
	}
	if err := s.process.Start(); err != nil {
		s.Fatal(err)
	}
	process := s.process
	s.Cleanup(func() { process.Process.Kill(); process.Wait() })
	eventually(s.T, "ready", func() bool {
		resp, err := http.Get(s.url + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// asServer returns a path by which the test binary is the server.
func asServer(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "server")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	return link
}

// withArgs runs c's arguments through another program.
func withArgs(c *exec.Cmd, program string, args ...string) *exec.Cmd {
	return &exec.Cmd{Path: program, Stdout: c.Stdout, Stderr: c.Stderr, Args: slices.Concat([]string{program}, args, c.Args[1:])}
}

func (s *victim) kill() {
	s.process.Process.Kill()
	s.process.Wait()
}

// loadUntilKilled makes calls from many clients until one of them pulls the trigger.
func (s *victim) loadUntilKilled(tokens []string) {
	s.left.Store(20 + rand.Int64N(200))
	var clients sync.WaitGroup
	for i := range 16 {
		clients.Go(func() {
			for s.round(tokens[i%len(tokens)]) {
			}
		})
	}
	clients.Wait()
	s.process.Wait()
}

// round creates, lists and deletes. It reports false once the server is gone.
func (s *victim) round(token string) bool {
	id, alive := s.call(token, todos.ToolCreate, `{"content":"kill me"}`, s.created)
	if !alive {
		return false
	}
	if _, alive := s.call(token, todos.ToolList, `{"limit":3}`, nil); !alive || rand.IntN(3) == 0 {
		return alive
	}
	_, alive = s.call(token, todos.ToolDelete, `{"id":"`+id+`"}`, s.deleted)
	return alive
}

// call makes a call and notes what the answer acknowledges.
func (s *victim) call(token, tool, arguments string, acknowledged map[string]bool) (id string, alive bool) {
	got, err := message{method: http.MethodPost, url: s.url, token: token, body: toolCall(tool, arguments)}.send(context.Background())
	if err != nil {
		s.unanswered.Add(1)
		return "", false
	}
	var response struct {
		Result struct {
			IsError           bool
			StructuredContent struct {
				ID      string
				Details struct{ ID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(got.body), &response); err != nil || got.status != http.StatusOK || response.Result.IsError {
		s.Errorf("%s: %d %s", tool, got.status, got.body)
		return "", false
	}
	out := response.Result.StructuredContent
	id = out.ID + out.Details.ID
	if acknowledged != nil {
		s.acknowledge(acknowledged, id)
	}
	if s.left.Add(-1) == 0 {
		s.process.Process.Kill()
	}
	return id, true
}

// acknowledge notes what a client was told.
func (s *victim) acknowledge(what map[string]bool, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what[id] = true
}

// check compares the database with what was acknowledged, and with itself.
func (s *victim) check() {
	s.Helper()
	var out log
	if code := run(s.Context(), []string{"audit", "verify", "--db", s.db}, &out, &out); code != exitOK {
		s.Errorf("audit verify: exit code %d\n%s", code, out.String())
	}
	withVictim(s.T, s.db, "PRAGMA quick_check")
	s.readRows()
	s.readTodos()
	for id := range s.created {
		if s.createRows[id] != 1 || !s.todos[id] && s.deleteRows[id] != 1 {
			s.Errorf("acknowledged todo %s: %d rows, there: %t, %d rows of its deletion", id, s.createRows[id], s.todos[id], s.deleteRows[id])
		}
	}
	for id := range s.deleted {
		if s.deleteRows[id] != 1 || s.todos[id] {
			s.Errorf("acknowledged deletion of %s: %d rows, still there: %t", id, s.deleteRows[id], s.todos[id])
		}
	}
	for id := range s.todos {
		if s.createRows[id] != 1 || s.deleteRows[id] != 0 {
			s.Errorf("todo %s is there with %d rows, and %d of its deletion", id, s.createRows[id], s.deleteRows[id])
		}
	}
	for _, id := range slices.Concat(slices.Collect(maps.Keys(s.createRows)), slices.Collect(maps.Keys(s.deleteRows))) {
		if s.createRows[id] != 1 || s.todos[id] == (s.deleteRows[id] == 1) || s.deleteRows[id] > 1 {
			s.Errorf("%d rows say that %s was made and %d that it was deleted; it is there: %t", s.createRows[id], id, s.deleteRows[id], s.todos[id])
		}
	}
}

// readRows reads what came into the log since the last time.
func (s *victim) readRows() {
	s.Helper()
	var out, failure bytes.Buffer
	args := []string{"audit", "list", "-o", "jsonl", "--db", s.db, "--after-seq", fmt.Sprint(s.lastSeq)}
	if code := run(s.Context(), args, &out, &failure); code != exitOK {
		s.Fatalf("audit list: exit code %d: %s", code, &failure)
	}
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var r audit.Row
		if err := decoder.Decode(&r); err != nil {
			s.Fatal(err)
		}
		if s.lastSeq++; r.Seq != s.lastSeq {
			s.Fatalf("row %d has seq %d", s.lastSeq, r.Seq)
		}
		if r.Event != audit.ToolCall {
			continue
		}
		s.rows[r.Tool+" "+string(r.Decision)+" "+string(r.Reason)]++
		switch {
		case r.Decision != audit.Allow:
		case r.Tool == todos.ToolCreate:
			s.createRows[*r.TargetID]++
		case r.Tool == todos.ToolDelete:
			s.deleteRows[*r.TargetID]++
		}
	}
}

func (s *victim) readTodos() {
	s.Helper()
	s.todos = make(map[string]bool)
	err := withDatabase(s.db, func(db *sql.DB) error {
		rows, err := db.Query("SELECT id FROM todos")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			s.todos[id] = true
		}
		return rows.Err()
	})
	if err != nil {
		s.Fatal(err)
	}
}

// withVictim runs one of SQLite's own checks.
func withVictim(t *testing.T, path, pragma string) {
	t.Helper()
	err := withDatabase(path, func(db *sql.DB) error {
		var verdict string
		if err := db.QueryRow(pragma).Scan(&verdict); err != nil || verdict != "ok" {
			return fmt.Errorf("%s: %q, %w", pragma, verdict, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
