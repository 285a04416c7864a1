package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"todomanager/internal/audit"
	"todomanager/internal/auth/authtest"
)

// patience bounds every wait for the program.
const patience = 20 * time.Second

// script is the state of a running script.
type script struct {
	server  *exec.Cmd
	exited  chan error
	issuers map[string]*authtest.Issuer
	audited int64 // seq of the last audit row that was looked at
}

type scriptKey struct{}

// setupScript gives each script addresses of its own: $PORT and $TODO_PUBLIC_URL of the
// server, $TODO_ISSUER of the sign-in server; and $RELEASED, the folder with databases of
// released schemas.
func setupScript(env *testscript.Env) error {
	released, err := filepath.Abs("../../internal/store/sqlite/testdata/released")
	if err != nil {
		return err
	}
	env.Setenv("RELEASED", released)
	env.Values[scriptKey{}] = &script{issuers: make(map[string]*authtest.Issuer)}
	port := freePort()
	env.Setenv("PORT", port)
	env.Setenv("TODO_PUBLIC_URL", "http://localhost:"+port)
	env.Setenv("TODO_LISTEN", "127.0.0.1:"+port)
	env.Setenv("TODO_ISSUER", "http://localhost:"+freePort())
	env.Setenv("TODO_OPS_LISTEN", "127.0.0.1:"+freePort())
	return nil
}

var lastPort atomic.Int32

// freePort returns a port that nobody listens on. It is below those that systems give to
// outgoing connections, so none of them can take it before the server does. It does not try to
// listen there: a process that is just being started would hold that socket for a moment longer.
func freePort() string {
	lastPort.CompareAndSwap(0, int32(10_000+os.Getpid()*37%20_000))
	for {
		port := strconv.Itoa(int(lastPort.Add(1)))
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			return port
		}
		conn.Close()
	}
}

// scriptCommands are what the scripts have besides the commands of testscript.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := map[string]func(*script, *testscript.TestScript, []string){
		"start":   (*script).start,
		"sigterm": (*script).sigterm,
		"ready":   (*script).ready,
		"unready": (*script).unready,
		"exit":    (*script).exit,
		"issuer":  (*script).issuer,
		"mint":    (*script).mint,
		"capture": (*script).capture,
		"crash":   (*script).crash,
		"ties":    (*script).ties,
		"audited": (*script).checkAudit,
		"kept":    (*script).checkTodos,
		"sql":     (*script).sql,
		"id":      (*script).id,
		"modes":   (*script).modes,

		"configure": (*script).configure,
		"signal":    (*script).signal,
		"reload":    (*script).reload,
		"logged":    (*script).logged,
		"pair":      (*script).pair,
		"serves":    (*script).serves,
	}
	known := make(map[string]func(*testscript.TestScript, bool, []string))
	for name, run := range commands {
		known[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("%s has no negation", name)
			}
			run(ts.Value(scriptKey{}).(*script), ts, args)
		}
	}
	return known
}

// issuer NAME up|down runs an authorization server for the rest of the script, first at
// a new address, which is put into $NAME.
func (s *script) issuer(ts *testscript.TestScript, args []string) {
	name := args[0]
	i := s.issuers[name]
	if i == nil {
		url := "http://127.0.0.1:" + freePort()
		i = authtest.NewAt(url)
		i.Audience = ts.Getenv("TODO_PUBLIC_URL")
		s.issuers[name] = i
		ts.Setenv(name, url)
		listener, err := net.Listen("tcp", strings.TrimPrefix(url, "http://"))
		ts.Check(err)
		server := &http.Server{Handler: i}
		go server.Serve(listener)
		ts.Defer(func() { server.Close() })
	}
	if args[1] == "down" {
		i.Down()
	} else {
		i.Up()
	}
}

// mint [-claim NAME=VALUE]... VARIABLE ISSUER SUBJECT SCOPE puts an access token into a
// variable: a good one, but for the claims given.
func (s *script) mint(ts *testscript.TestScript, args []string) {
	claims := authtest.Claims{Extra: make(map[string]any)}
	for ; args[0] == "-claim"; args = args[2:] {
		name, value, _ := strings.Cut(args[1], "=")
		claims.Extra[name] = value
		if number, err := strconv.ParseInt(value, 10, 64); err == nil {
			claims.Extra[name] = number
		}
	}
	claims.Subject, claims.Scope, claims.ClientID = args[2], args[3], "script"
	ts.Setenv(args[0], s.issuers[args[1]].Token(claims))
}

// database is the file that the server of the script uses.
func database(ts *testscript.TestScript) string {
	if path := ts.Getenv("TODO_DB"); path != "" {
		return ts.MkAbs(path)
	}
	return ts.MkAbs(filepath.Join("dev-data", "todos.db"))
}

// audited [ROW]... compares the audit rows since the last "audited" with these. A row is
// subject, tool or other event, decision, reason, basis and scopes used, with - for what is empty.
func (s *script) checkAudit(ts *testscript.TestScript, want []string) {
	rows, err := auditRows(database(ts))
	ts.Check(err)
	rows = rows[min(int(s.audited), len(rows)):]
	got := make([]string, len(rows))
	for i, r := range rows {
		got[i] = brief(r)
		if s.audited++; r.Seq != s.audited {
			ts.Fatalf("row %d has seq %d", s.audited, r.Seq)
		}
	}
	if !slices.Equal(got, want) {
		ts.Fatalf("audit rows:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// auditRows reads the whole log through the program itself.
func auditRows(db string) ([]audit.Row, error) {
	var out, log bytes.Buffer
	if code := run(context.Background(), []string{"audit", "list", "-o", "jsonl", "--db", db}, &out, &log); code != exitOK {
		return nil, fmt.Errorf("audit list: exit code %d: %s", code, &log)
	}
	var rows []audit.Row
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var r audit.Row
		if err := decoder.Decode(&r); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func brief(r audit.Row) string {
	subject := ""
	if r.Subject != nil {
		subject = *r.Subject
	}
	columns := []string{subject, cmp.Or(r.Tool, string(r.Event)), string(r.Decision), string(r.Reason), string(r.Basis), r.ScopesUsed}
	for i, column := range columns {
		if column == "" {
			columns[i] = "-"
		}
	}
	return strings.Join(columns, " ")
}

// id VARIABLE puts the first todo's id in the output of the last program into a variable.
func (s *script) id(ts *testscript.TestScript, args []string) {
	s.capture(ts, []string{args[0], `\\?"id\\?":\\?"([a-z2-7]{13})`})
}

// capture VARIABLE PATTERN puts what the group of the pattern matches there.
func (*script) capture(ts *testscript.TestScript, args []string) {
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("nothing in the output matches %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// ties ROW LOG checks that the log has one line for the request of an audit row.
func (s *script) ties(ts *testscript.TestScript, args []string) {
	var row audit.Row
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &row))
	found := 0
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if strings.Contains(line, `"msg":"request"`) && strings.Contains(line, `"request_id":"`+row.RequestID+`"`) {
			found++
		}
	}
	if row.RequestID == "" || found != 1 {
		ts.Fatalf("%d lines of the access log have the request id %q", found, row.RequestID)
	}
}

// modes MODE FILE... checks permission bits.
func (s *script) modes(ts *testscript.TestScript, args []string) {
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}
