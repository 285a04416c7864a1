package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
)

// exchange is one HTTP request and its answer. It travels in the context, because the
// SDK stands between the HTTP handler and the tool. The tool's goroutine writes to it
// before the SDK writes the answer, which is what orders the two.
type exchange struct {
	call audit.Call
	// received is set once the SDK has handed the request on to guard, whose business it is
	// from then on what the log says of it.
	received bool
	// handedOver is set once the service has the call: from then on the row is the
	// service's business, even if this package panics later.
	handedOver bool
	// instead, if set, writes the answer in place of the SDK's.
	instead func(http.ResponseWriter)
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// answerWriter stands between the SDK and the client. What the SDK writes goes through
// it, unless the exchange has an answer of its own or the SDK refuses the request in
// plain text; those become JSON.
type answerWriter struct {
	http.ResponseWriter
	x        *exchange
	refused  func() // is told, once, of a request that the SDK refuses
	started  bool
	replaced bool // the SDK's bytes are dropped
}

// Unwrap lets http.ResponseController reach the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *answerWriter) WriteHeader(status int) {
	if w.started {
		return
	}
	w.started = true
	switch {
	case w.x.instead != nil:
		w.replaced = true
		w.x.instead(w.ResponseWriter)
	case status >= 400 && w.Header().Get("Content-Type") != "application/json":
		w.replaced = true
		w.refused()
		refuse(w.ResponseWriter, status, rpcRefusal(status))
	default:
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write passes on what the SDK writes, one whole JSON-RPC response at a time.
func (w *answerWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.replaced {
		return len(p), nil
	}
	text, code := plain(p)
	switch {
	case code == 0 || w.x.received:
	case code == jsonrpc.CodeMethodNotFound || code == mcp.CodeUnsupportedProtocolVersion: // clients ask what there is
	default:
		w.refused()
	}
	if _, err := w.ResponseWriter.Write(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// plain replaces the text of the SDK's own errors, which quotes the request and the
// names of Go types, by constant words. The data of an error stays. It returns the code of
// the error, 0 if it is none.
func plain(response []byte) (text []byte, code int64) {
	if !bytes.Contains(response, []byte(`"error":`)) { // within a string the quotes would be escaped
		return response, 0
	}
	var r struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *struct {
			Code    int64           `json:"code"`
			Message string          `json:"message"`
			Data    json.RawMessage `json:"data,omitempty"`
		} `json:"error"`
	}
	if json.Unmarshal(response, &r) != nil || r.Error == nil {
		return response, 0
	}
	switch r.Error.Code {
	case jsonrpc.CodeInvalidRequest:
		r.Error.Message = "invalid request"
	case jsonrpc.CodeMethodNotFound:
		r.Error.Message = "method not found"
	case jsonrpc.CodeInvalidParams:
		if r.Error.Message == unknownTool || r.Error.Message == unknownPrompt {
			return response, r.Error.Code
		}
		r.Error.Message = "invalid params: they must match the method's schema, and for protocol 2026-07-28 carry its _meta members"
	case jsonrpc.CodeInternalError:
		r.Error.Message = "internal error"
	case codeBlocked, codeUnavailable:
		return response, r.Error.Code
	case jsonrpc.CodeParseError:
		r.Error.Message = "parse error"
	case mcp.CodeHeaderMismatch:
		r.Error.Message = "the headers MCP-Protocol-Version, Mcp-Method and Mcp-Name must be present and match the body"
	case mcp.CodeUnsupportedProtocolVersion:
		r.Error.Message = "unsupported protocol version"
	default:
		r.Error.Message = "error"
	}
	text, err := json.Marshal(r)
	if err != nil {
		return response, r.Error.Code
	}
	return text, r.Error.Code
}
