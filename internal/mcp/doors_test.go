package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/mcp"
	"todomanager/internal/todos"
)

// rig is an endpoint with one of the two doors, a service behind it, and a store of its own.
type rig struct {
	memory
	*mcp.Handler
	traced string
}

func newRig(t testing.TB, direct bool) *rig {
	t.Helper()
	r := new(rig)
	service, err := todos.NewService(todos.Options{Store: &r.memory, Logger: options(nil).Logger, NewID: r.newID, MaxTodos: maxTodos})
	if err != nil {
		t.Fatal(err)
	}
	o := options(service)
	o.Direct = direct
	o.Traced = func(_ context.Context, id string) { r.traced = id }
	if r.Handler, err = mcp.New(o); err != nil {
		t.Fatal(err)
	}
	return r
}

// fill gives the store the same content each time.
func (r *rig) fill(f fault) {
	r.memory = memory{rows: r.rows[:0], events: r.events[:0], fault: f}
	r.traced = ""
	for i, subject := range []string{"alice", "bob", "alice", "alice"} {
		r.rows = append(r.rows, owned{todos.Owner{Issuer: "https://id.example", Subject: subject}, todos.Todo{
			ID: r.newID(), OwnerID: subject, Content: "milk <&> \u2028 \"\\ 日本 \t\x7f", CreatedAt: time.Date(2026, 3, 28, 1, i, 0, 0, time.UTC),
		}})
	}
}

// people are the callers to choose from.
var people = []auth.Principal{
	{Issuer: "https://id.example", Subject: "alice", Scopes: auth.Scopes{"create:todos"}},
	{Issuer: "https://id.example", Subject: "alice"},
	{Issuer: "https://id.example", Subject: "bob", Scopes: auth.Scopes{"create:todos", "read:todos", "delete:todos", "read:audit"}},
	{Issuer: "https://id.example", Subject: "bob", Tenant: "acme", Scopes: auth.Scopes{"create:todos", "read:todos", "delete:todos"}},
}

// outcome is all that a call leaves.
type outcome struct {
	Status int
	Header http.Header
	Body   any
	Traced string
	Rows   []owned
	Events []audit.Event
}

func (r *rig) outcome(t testing.TB, req *http.Request) outcome {
	t.Helper()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	header := w.Header().Clone()
	header.Del("Content-Length") // the direct door says it, net/http would
	decoder := json.NewDecoder(w.Body)
	decoder.UseNumber()
	var body any
	if err := decoder.Decode(&body); err != nil || decoder.More() {
		t.Fatalf("status %d, no JSON: %v", w.Code, err)
	}
	return outcome{w.Code, header, body, r.traced, r.rows, r.events}
}

// doors are two endpoints that must not differ.
type doors struct{ direct, sdk *rig }

func newDoors(t testing.TB) doors { return doors{newRig(t, true), newRig(t, false)} }

// compare sends a request to both doors. It does not if the direct door would leave it to the SDK.
func (d doors) compare(t testing.TB, who auth.Principal, f fault, header http.Header, body []byte) (plain bool) {
	t.Helper()
	request := func() *http.Request {
		r := httptest.NewRequestWithContext(auth.WithPrincipal(t.Context(), who), http.MethodPost, "/", bytes.NewReader(body))
		r.Header = header.Clone()
		return r
	}
	if !d.direct.Direct(request(), body) {
		return false
	}
	d.direct.fill(f)
	d.sdk.fill(f)
	if diff := cmp.Diff(d.sdk.outcome(t, request()), d.direct.outcome(t, request())); diff != "" {
		t.Errorf("%v\n%s\n-sdk +direct:\n%s", header, body, diff)
	}
	return true
}

// headers reads lines of a name and a value.
func headers(lines string) http.Header {
	h := make(http.Header)
	for line := range strings.Lines(lines) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok {
			h.Add(name, strings.TrimSpace(value))
		}
	}
	return h
}

// pick puts a request together, of parts that go together in most cases.
func pick(n *rand.Rand) (header http.Header, body []byte) {
	of := func(parts ...string) string { return parts[n.IntN(len(parts))] }
	mostly := func(usual string, others ...string) string {
		if n.IntN(40) > 0 {
			return usual
		}
		return of(others...)
	}
	version := of("2025-06-18", "2025-11-25", "2026-07-28", "2026-07-28")
	tool := of(todos.ToolCreate, todos.ToolList, todos.ToolDelete, todos.ToolAudit)
	arguments := map[string]string{
		todos.ToolCreate: of(`{"content":"x"}`, `{"content":"<&>\u2028\ud834\udd1e\u0001é"}`, `{"content":""}`, `{"content":"\u0000"}`, `{"content":null}`, `{"content":["x"]}`, `{"content":"a","content":"b"}`, `{"Content":"x"}`),
		todos.ToolList:   of(`{}`, `{"limit":1}`, `{"limit":2.0}`, `{"limit":0}`, `{"limit":1e999}`, `{"limit":null,"cursor":null}`, `{"limit":1,"cursor":"MToxNzc0NjU5NjYwMDAwOmFhYWFhYWFhYWFhYWI"}`, `{"cursor":"?"}`, `null`, `[]`),
		todos.ToolDelete: of(`{"id":"aaaaaaaaaaaab"}`, `{"id":"aaaaaaaaaaaac"}`, `{"id":"zzzzzzzzzzzzz"}`, `{"id":"?"}`, `{"id":5}`),
		todos.ToolAudit:  of(`{}`, `{"limit":5,"tool":"nope"}`, `{"since":"2026-01-01T00:00:00Z"}`, `{"since":"?"}`),
	}[tool]
	meta := []string{
		of(`"progressToken":1`, `"progressToken":"x"`, `"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"`, `"traceparent":"?"`, `"tracestate":"a=b"`,
			`"progressToken":null`, `"progressToken":1.5`, `"progressToken":{}`, `"traceparent":null`, `"traceparent":1`, `"other":"x"`, `"io.modelcontextprotocol/protocolVersion":"2026-07-28"`, `"io.modelcontextprotocol/logLevel":"debug"`),
	}
	if n.IntN(2) == 0 {
		meta = nil
	}
	if (version == "2026-07-28") == (n.IntN(20) > 0) {
		capabilities := of(`{}`, `{"roots":{"listChanged":true}}`, `{"sampling":{},"elicitation":{"form":{"applyDefaults":true},"url":{}}}`, `{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":["text/html;profile=mcp-app"]}}}`,
			`{"roots":null}`, `{"roots":{"listChanged":null}}`, `{"sampling":{"tools":null}}`, `{"extensions":{"a":null}}`, `{"elicitation":{"form":null}}`, `{"Roots":1}`, `{"extensions":[]}`, `null`, `[]`)
		client := of(`{"name":"a","version":"1"}`, `{"name":"a","title":"b","version":"1","description":"c","websiteUrl":"d"}`, `{}`, `{"name":null}`, `null`, `{"name":1}`, `{"icons":[]}`)
		meta = append(meta, `"io.modelcontextprotocol/protocolVersion":"`+mostly(version, "2025-11-25", "2027-01-01", "")+`"`,
			`"io.modelcontextprotocol/clientCapabilities":`+capabilities, `"io.modelcontextprotocol/clientInfo":`+client)
	}
	params := []string{`"name":"` + mostly(tool, "nope", `get-todo\u0073`, "Get-Todos", "") + `"`, `"arguments":` + arguments, `"_meta":` + mostly(`{`+strings.Join(meta, ",")+`}`, "null", "[]", "{}")}
	if n.IntN(8) == 0 {
		params = append(params, of(`"inputResponses":{}`, `"inputResponses":1`, `"requestState":1`, `"requestState":"x"`, `"x":1`, `"Name":"x"`, `"name":"get-todos"`))
	}
	message := []string{
		`"jsonrpc":"` + mostly("2.0", "1.0", "") + `"`, `"method":"` + mostly("tools/call", `tools\/call`, "tools/list", "ping", "") + `"`,
		`"params":` + mostly(`{`+strings.Join(params, ",")+`}`, "null", "[]"),
		`"id":` + mostly(of("1", `"x"`, "0", "-7", `""`, `"é<&>\u2028\n\u0041\/"`, `"`+"\u2028"+`"`, "999999999999999"), "1.5", "1.0", "-0", "1e2", "9007199254740993", "1e999", "null", "true", "[]", "01", `"\ud800"`),
	}
	if n.IntN(12) == 0 {
		message = append(message, of(`"result":{}`, `"error":null`, `"error":1`, `"ID":1`, `"id":1`, `"":0`))
	}
	n.Shuffle(len(params), func(i, j int) { params[i], params[j] = params[j], params[i] })
	n.Shuffle(len(message), func(i, j int) { message[i], message[j] = message[j], message[i] })

	header = headers("Content-Type: " + mostly("application/json", "application/json; charset=utf-8", "text/json") + "\nMcp-Protocol-Version: " + mostly(version, "2025-03-26", "2027-01-01", "") +
		"\nAccept: " + mostly("application/json, text/event-stream", "*/*", "application/json") + mostly("", "\nLast-Event-Id: 1", "\nMcp-Session-Id: 1", "\nMcp-Param-X: 1", "\nMcp-Method: ping", "\nAccept: x"))
	if version == "2026-07-28" || n.IntN(4) == 0 {
		header.Add("Mcp-Method", mostly("tools/call", "tools/list"))
		header.Add("Mcp-Name", mostly(tool, "nope"))
	}
	space := func() string { return mostly("", " ", "\n\t") }
	return header, []byte(space() + "{" + space() + strings.Join(message, space()+","+space()) + "}" + mostly("", "\n", " x"))
}

var doorCalls = flag.Uint64("doors.calls", 4000, "how many calls TestDoors makes up")

// TestDoors: whatever the direct door takes, it answers as the SDK would, and leaves the same.
func TestDoors(t *testing.T) {
	d := newDoors(t)
	plain := make(map[bool]int)
	for seed := range *doorCalls {
		n := rand.New(rand.NewPCG(seed, 0))
		header, body := pick(n)
		plain[d.compare(t, people[n.IntN(len(people))], fault(n.IntN(int(faults))), header, body)]++
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("compared %d, left to the SDK %d", plain[true], plain[false])
	if enough := int(*doorCalls / 10); plain[true] < enough || plain[false] < enough {
		t.Error("one of the two has too few")
	}
}

// FuzzDoors does the same for whatever comes.
func FuzzDoors(f *testing.F) {
	for seed := range uint64(300) {
		header, body := pick(rand.New(rand.NewPCG(seed, 0)))
		var lines strings.Builder
		if err := header.Write(&lines); err != nil {
			f.Fatal(err)
		}
		f.Add(byte(seed), byte(seed/4), strings.ReplaceAll(lines.String(), "\r", ""), body)
	}
	for i, c := range clientCalls {
		header, body := c.request()
		var lines strings.Builder
		if err := header.Write(&lines); err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), byte(0), strings.ReplaceAll(lines.String(), "\r", ""), body)
	}
	d := newDoors(f)
	f.Fuzz(func(t *testing.T, who, fault_ byte, lines string, body []byte) {
		d.compare(t, people[int(who)%len(people)], fault(fault_)%faults, headers(lines), body)
	})
}
