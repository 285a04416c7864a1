package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// soakCall is a call of a soak and the answer that is due.
type soakCall struct {
	tool, arguments string
	token           string
	issuer, person  string    // that incidents may concern
	want, or        string    // kinds of answer, see kindOf; or may be empty
	unknownKey      bool      // the server need not have the token's key
	greedy          bool      // one of too many at once
	stateless       bool      // of protocol 2026-07-28
	chosen          time.Time // when its token was; zero: just before it is sent
	leave           func(context.Context) (context.Context, context.CancelFunc)
}

// make makes the call, judges the answer and notes it. The kind is "" if it was unexpected.
func (s *soak) make(c soakCall) (kind string, got answer) {
	m := message{method: http.MethodPost, url: s.victim.url, token: c.token, body: toolCall(c.tool, c.arguments)}
	if c.stateless {
		m.header = http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {c.tool}}
		m.body = statelessToolCall(c.tool, c.arguments)
	}
	ctx := s.Context()
	if c.leave != nil {
		var cancel context.CancelFunc
		ctx, cancel = c.leave(ctx)
		defer cancel()
	}
	from := cmp.Or(c.chosen, time.Now())
	got, err := m.send(ctx)
	until := time.Now()
	kind = kindOf(got, err)
	if !s.due(c, kind, from, until) {
		s.fail("%s %s as %s of %s: got %q, want %q, and nothing explains it: %d %.500s %v", c.tool, c.arguments, c.person, c.issuer, kind, c.want, got.status, got.body, err)
		return "", got
	}
	s.tally.add(c.tool, kind, until.Sub(from))
	return kind, got
}

// due reports whether an answer is the one that is due or has an explanation.
func (s *soak) due(c soakCall, kind string, from, until time.Time) bool {
	want := c.want
	switch {
	case want == "401": // refused before it is known who calls
	case s.incidents.covered("blocked", c.issuer+" "+c.person, from, until):
		want = "blocked"
	}
	if c.unknownKey && s.incidents.covered("outage", c.issuer, from, until) {
		want = "503 authorization_server_unavailable"
	}
	if kind == want || kind == c.or && want == c.want {
		return true
	}
	for _, e := range explanations {
		if e.kind != kind || e.unknownKey && !c.unknownKey {
			continue
		}
		switch e.incident {
		case "greedy":
			if c.greedy {
				return true
			}
		case "cut":
			if c.leave != nil {
				return true
			}
		case "blocked":
			if want != "401" && s.incidents.touched(e.incident, c.issuer+" "+c.person, from, until) {
				return true
			}
		default:
			if s.incidents.touched(e.incident, c.issuer, from, until) {
				return true
			}
		}
	}
	return false
}

// errorCode finds the code in a failure's text or an HTTP error's body.
var (
	errorCode  = regexp.MustCompile(`^\{"error":"([^"]+)"`)
	rpcError   = regexp.MustCompile(`"error":\{"code":-?\d+,"message":"([^"]*)"`)
	reasonCode = regexp.MustCompile(`"reason":"([^"]+)"`)
)

// kindOf tells answers apart: "ok", the code of a failed call, the status of one that was
// refused (with its reason if that is 503), the message of a JSON-RPC error, "no answer".
func kindOf(got answer, err error) string {
	if err != nil {
		return "no answer"
	}
	if got.status == http.StatusServiceUnavailable {
		if reason := reasonCode.FindStringSubmatch(got.body); reason != nil {
			return "503 " + reason[1]
		}
	}
	if message := rpcError.FindStringSubmatch(got.body); message != nil { // 2026-07-28 has a status for it, too
		return "error: " + message[1]
	}
	var response struct {
		Result *struct {
			IsError bool
			Content []struct{ Text string }
		}
	}
	switch err := json.Unmarshal([]byte(got.body), &response); {
	case got.status != http.StatusOK:
		return strconv.Itoa(got.status)
	case err != nil || response.Result == nil || len(response.Result.Content) != 1:
		return "no MCP answer"
	case response.Result.IsError:
		if code := errorCode.FindStringSubmatch(response.Result.Content[0].Text); code != nil {
			return code[1]
		}
		return "failed"
	}
	return "ok"
}

func statelessToolCall(tool, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s,"_meta":{
		"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"soak","version":"1"},
		"io.modelcontextprotocol/clientCapabilities":{}}}}`, tool, arguments)
}
