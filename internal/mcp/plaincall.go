package mcp

import (
	"bytes"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// plainCall is a tools/call of the form that the direct door takes. It is read strictly: members
// in other case, given twice or not named here, text that is not UTF-8 and half surrogate pairs
// make it another request. So does null in most places, where the SDK may see something else.
type plainCall struct {
	Version string         `json:"jsonrpc"`
	ID      jsontext.Value `json:"id"`
	Method  string         `json:"method"`
	Params  struct {
		Name      string         `json:"name"`
		Arguments jsontext.Value `json:"arguments"`
		Meta      plainMeta      `json:"_meta"`
	} `json:"params"`
}

// plainMeta is the _meta of a call. The members of the first group are what protocol 2026-07-28 asks for.
type plainMeta struct {
	Version      string             `json:"io.modelcontextprotocol/protocolVersion"`
	Client       *plainClient       `json:"io.modelcontextprotocol/clientInfo"`
	Capabilities *plainCapabilities `json:"io.modelcontextprotocol/clientCapabilities"`

	LogLevel      string         `json:"io.modelcontextprotocol/logLevel"` // no call here sends log messages
	ProgressToken jsontext.Value `json:"progressToken"`                    // or tells of progress
	Traceparent   string         `json:"traceparent"`
	Tracestate    string         `json:"tracestate"`
	Baggage       string         `json:"baggage"`
}

type plainClient struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description"`
	WebsiteURL  string `json:"websiteUrl"`
}

// plainCapabilities are read to know that the SDK could read them; the server uses none.
type plainCapabilities struct {
	Roots       map[string]bool                `json:"roots"`
	Sampling    map[string]struct{}            `json:"sampling"`
	Elicitation map[string]map[string]bool     `json:"elicitation"`
	Extensions  map[string]map[string][]string `json:"extensions"`
}

// readPlain reads a request if it is a plain call, of a tool that may not exist.
func readPlain(r *http.Request, body []byte) (*plainCall, bool) {
	h := r.Header
	version := only(h, "Mcp-Protocol-Version")
	if r.Method != http.MethodPost || only(h, "Content-Type") != "application/json" || !acceptsBoth(only(h, "Accept")) || h["Last-Event-Id"] != nil {
		return nil, false
	}
	p := new(plainCall)
	if json.Unmarshal(body, p, json.RejectUnknownMembers(true)) != nil || p.Version != "2.0" || p.Method != "tools/call" || !plainID(p.ID) {
		return nil, false
	}
	if token := p.Params.Meta.ProgressToken; token != nil && !plainID(token) {
		return nil, false
	}
	switch meta := &p.Params.Meta; version {
	case "2025-06-18", "2025-11-25":
		return p, meta.Version == "" && meta.Client == nil && meta.Capabilities == nil
	case statelessProtocol:
		return p, meta.Version == version && meta.Client != nil && meta.Capabilities != nil &&
			only(h, "Mcp-Method") == p.Method && only(h, "Mcp-Name") == p.Params.Name
	}
	return nil, false
}

// stateless reports whether the call is of protocol 2026-07-28.
func (p *plainCall) stateless() bool { return p.Params.Meta.Version != "" }

// only returns the value of a header that is there once, else nothing.
func only(h http.Header, name string) string {
	if values := h[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// acceptsBoth takes the two forms in which clients write it.
func acceptsBoth(accept string) bool {
	return accept == "application/json, text/event-stream" || accept == "text/event-stream, application/json"
}

// plainID reports whether the SDK would give an id back as it is: it is a text, or a whole number in the one form and
// the range that all readers understand alike. The SDK makes 1 of 1.5, and rounds from 2^53 on.
func plainID(id jsontext.Value) bool {
	switch id.Kind() {
	case jsontext.KindString:
		return true
	case jsontext.KindNumber:
		return len(id) <= 15 && !bytes.ContainsAny(id, ".eE") && string(id) != "-0"
	}
	return false
}
