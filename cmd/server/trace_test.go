package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"todomanager/internal/audit"
)

// collector is what spans are sent to.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	bytes  []byte
	spans  []*tracepb.Span
	faults []string
}

func startCollector(t *testing.T) *collector {
	t.Helper()
	c := new(collector)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var data tracepb.TracesData
		err = errors.Join(err, proto.Unmarshal(body, &data))
		c.mu.Lock()
		defer c.mu.Unlock()
		if got := r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type"); err != nil || got != "POST /v1/traces application/x-protobuf" {
			c.faults = append(c.faults, fmt.Sprint(got, err))
		}
		c.bytes = append(c.bytes, body...)
		for _, resource := range data.ResourceSpans {
			if got := attributes(resource.Resource.Attributes); got["service.name"] != "todo-manager" || got["service.version"] == "" {
				c.faults = append(c.faults, fmt.Sprint(got))
			}
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func attributes(list []*commonpb.KeyValue) map[string]string {
	found := make(map[string]string)
	for _, a := range list {
		found[a.Key] = a.Value.GetStringValue()
		if _, ok := a.Value.Value.(*commonpb.AnyValue_IntValue); ok {
			found[a.Key] = fmt.Sprint(a.Value.GetIntValue())
		}
	}
	return found
}

// find returns the one span of a trace with that name.
func (c *collector) find(t *testing.T, trace, name string) *tracepb.Span {
	t.Helper()
	var found []*tracepb.Span
	for _, s := range c.spans {
		if hex.EncodeToString(s.TraceId) == trace && s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans %q in trace %s, of %d", len(found), name, trace, len(c.spans))
	}
	return found[0]
}

// finish ends the program, which sends what is left.
func (p *program) finish() {
	p.stop()
	<-p.exited
}

// The traces of the clients.
const (
	ofHeader  = "0af7651916cd43dd8448eb211c80319c"
	ofMeta    = "11111111111111111111111111111111"
	ofRefused = "22222222222222222222222222222222"
	parentID  = "b7ad6b7169203331"
)

func (p *program) post(t *testing.T, token, body string, headers ...string) answer {
	t.Helper()
	m := message{method: http.MethodPost, url: p.url, token: token, body: body, header: http.Header{}}
	for i := 0; i < len(headers); i += 2 {
		m.header.Set(headers[i], headers[i+1])
	}
	got, err := m.send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestTraces: the spans of a call are in the trace that the client says, or in one of their
// own, and the audit row and the access log say the same trace.
func TestTraces(t *testing.T) {
	c := startCollector(t)
	p := startDev(t, "--otlp-endpoint", c.URL)
	token := p.token(t, "alice")
	p.post(t, token, toolCall("create-todo", `{"content":"milk"}`), "Traceparent", "00-"+ofHeader+"-"+parentID+"-01")
	p.post(t, token, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get-todos","_meta":{"traceparent":"00-`+ofMeta+`-`+parentID+`-01"}}}`)
	p.post(t, token, toolCall("create-todo", `{}`))
	p.post(t, token, toolCall("no-such-tool", `{}`))
	refused := p.post(t, "nonsense", "{}", "Traceparent", "00-"+ofRefused+"-"+parentID+"-01")
	if refused.status != http.StatusUnauthorized {
		t.Error(refused)
	}
	rows, err := auditRows(p.db)
	if err != nil || len(rows) != 4 {
		t.Fatal(rows, err)
	}
	p.finish()
	if len(c.faults) > 0 {
		t.Errorf("requests to the collector: %s", c.faults)
	}

	// what the header says
	request := c.find(t, ofHeader, "POST /")
	call := c.find(t, ofHeader, "call create-todo")
	if hex.EncodeToString(request.ParentSpanId) != parentID || !bytes.Equal(call.ParentSpanId, request.SpanId) || request.Kind != tracepb.Span_SPAN_KIND_SERVER {
		t.Errorf("request %v, call %v", request, call)
	}
	if diff := cmp.Diff(map[string]string{"http.request.method": "POST", "http.route": "/", "http.response.status_code": "200"}, attributes(request.Attributes)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"todomanager.tool": "create-todo", "todomanager.decision": "allow", "todomanager.reason": "ok"}, attributes(call.Attributes)); diff != "" {
		t.Error(diff)
	}
	wait, commit, verified := c.find(t, ofHeader, "wait for the writer"), c.find(t, ofHeader, "commit"), c.find(t, ofHeader, "verify token")
	if !bytes.Equal(wait.ParentSpanId, call.SpanId) || !bytes.Equal(commit.ParentSpanId, call.SpanId) || !bytes.Equal(verified.ParentSpanId, request.SpanId) {
		t.Errorf("wait %v, commit %v, verified %v", wait, commit, verified)
	}
	if wait.StartTimeUnixNano < call.StartTimeUnixNano || wait.EndTimeUnixNano > commit.StartTimeUnixNano || commit.StartTimeUnixNano > commit.EndTimeUnixNano {
		t.Errorf("wait %v, commit %v", wait, commit)
	}
	// what _meta says
	call = c.find(t, ofMeta, "call get-todos")
	if hex.EncodeToString(call.ParentSpanId) != parentID || len(call.Links) != 1 || hex.EncodeToString(call.Links[0].TraceId) == ofMeta {
		t.Errorf("call %v", call)
	}
	// nothing said
	for i, want := range []string{ofHeader, ofMeta} {
		if got := rows[i].TraceID; got == nil || *got != want {
			t.Errorf("row %d has trace %v, want %s", i, got, want)
		}
	}
	for i, want := range map[int]map[string]string{
		2: {"todomanager.tool": "create-todo", "todomanager.decision": "deny", "todomanager.reason": "invalid_arguments"},
		3: {"todomanager.tool": "unknown", "todomanager.decision": "deny", "todomanager.reason": "unknown_tool"},
	} {
		if rows[i].TraceID == nil {
			t.Fatalf("row %d has no trace", i)
		}
		own := c.find(t, *rows[i].TraceID, "call "+rows[i].Tool)
		if diff := cmp.Diff(want, attributes(own.Attributes)); diff != "" {
			t.Error(diff)
		}
		if !logged(p.log.String(), rows[i].RequestID, *rows[i].TraceID) {
			t.Errorf("the access log does not have trace %s for request %s", *rows[i].TraceID, rows[i].RequestID)
		}
	}
	// no call
	verified = c.find(t, ofRefused, "verify token")
	if diff := cmp.Diff(map[string]string{"error.type": "not_a_jwt"}, attributes(verified.Attributes)); diff != "" || verified.Status.Code != tracepb.Status_STATUS_CODE_ERROR {
		t.Error(verified.Status, diff)
	}
	if !logged(p.log.String(), refused.header.Get("X-Request-Id"), ofRefused) {
		t.Error("the access log does not have the trace of a request that is no call")
	}
	for _, s := range c.spans {
		if strings.Contains(s.Name, "readyz") {
			t.Error("a probe has a span")
		}
	}
}

func logged(log, request, trace string) bool {
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"msg":"request"`) && strings.Contains(line, request) && strings.Contains(line, trace) {
			return true
		}
	}
	return false
}

// TestCanariesInTraces: no part of a token, nobody's name and no text of a client is in what
// is sent, whatever the clients put where.
func TestCanariesInTraces(t *testing.T) {
	c := startCollector(t)
	p := startDev(t, "--otlp-endpoint", c.URL, "--log-level", "debug")
	good := p.token(t, "alice")
	parts := strings.Split(good, ".")
	const forged, opaque, text = "Q2FuYXJ5U2lnbmF0dXJl", "canary-token-5d1c", "canary-todo-9b7e"
	sing(t, p, text, good, parts[0]+"."+parts[1]+"."+forged, opaque)
	p.post(t, good, toolCall("create-todo", `{"content":"`+text+`"}`),
		"Traceparent", "00-"+ofHeader+"-"+parentID+"-01", "Tracestate", "vendor="+text, "Baggage", "canary="+text)
	for _, method := range []string{http.MethodGet, "CANARY-METHOD"} {
		if _, err := (message{method: method, url: p.url + "/" + text + "?q=" + text}).send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.finish()
	if len(c.spans) < 50 || len(c.faults) > 0 {
		t.Fatalf("%d spans, %s", len(c.spans), c.faults)
	}
	for _, canary := range []string{parts[0], parts[1], parts[2], forged, opaque, text, "alice", "CANARY"} {
		if bytes.Contains(c.bytes, []byte(canary)) {
			t.Errorf("%q was sent", canary)
		}
	}
	if !bytes.Contains(c.bytes, []byte("call create-todo")) {
		t.Error("the search does not find what is there")
	}
}

// TestCollectorInTrouble: calls go on, and the program ends in time, whatever the collector
// does; the log tells of it once.
func TestCollectorInTrouble(t *testing.T) {
	release := make(chan struct{})
	for name, handler := range map[string]http.HandlerFunc{
		"answers 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"hangs":       func(http.ResponseWriter, *http.Request) { <-release },
		"aborts":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			defer func() {
				if name == "hangs" {
					close(release)
				}
			}()
			p := startDev(t, "--otlp-endpoint", server.URL, "--rate", "1e6", "--burst", "1000000")
			token := p.token(t, "alice")
			for range 600 { // more spans than the queue holds
				began := time.Now()
				if got := p.post(t, token, toolCall("create-todo", `{"content":"milk"}`)); got.status != http.StatusOK {
					t.Fatal(got)
				}
				if took := time.Since(began); took > 4*time.Second { // the collector is given 5
					t.Fatalf("a call waited %v for the collector", took)
				}
			}
			if rows, err := auditRows(p.db); err != nil || len(rows) != 600 || slices.ContainsFunc(rows, func(r audit.Row) bool { return r.TraceID == nil }) {
				t.Error(len(rows), err)
			}
			p.finish()
			if got := strings.Count(p.log.String(), "traces could not be sent"); got > 1 || got == 0 && name != "hangs" {
				t.Errorf("the log tells of it %d times", got)
			}
		})
	}
}
