package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
)

// Handler is the MCP endpoint.
type Handler struct {
	door   *door
	direct *direct // nil: the SDK answers all
	sdk    http.Handler
}

// ServeHTTP takes a POST of one JSON-RPC message by the principal in its context. The
// body must be limited in front.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	principal, known := auth.PrincipalFrom(r.Context())
	if !known { // wired without authentication: nobody gets in
		h.door.Logger.ErrorContext(r.Context(), "a request without a principal reached the MCP endpoint")
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	x := &exchange{call: audit.Call{
		Principal: principal, RequestID: h.door.RequestID(r.Context()), Started: h.door.Now(),
	}}
	body, err := readAll(r)
	if err != nil {
		h.door.Refused(r.Context(), principal)
		refuse(w, readStatus(err), rpcRefusal(readStatus(err)))
		return
	}
	// Here and not earlier: a stranger, or somebody whose body is slow, must not take the
	// place of a call.
	place, ok := h.door.Places.enter(r.Context(), h.door.MaxCalls, len(body) <= smallBody)
	if !ok {
		if r.Context().Err() == nil { // else the client did not wait
			h.door.Overloaded(r.Context(), principal)
		}
		auth.WriteOverloaded(w)
		return
	}
	taken := &taken{ResponseWriter: w, places: h.door.Places, place: place}
	defer taken.done()
	h.serve(taken, r, x, body)
}

// serve answers a request that has its place.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, x *exchange, body []byte) {
	if h.direct != nil {
		if p, invoke, ok := h.direct.read(r, body); ok {
			h.direct.serve(w, r, x, p, invoke)
			return
		}
	}
	refused := func() { h.door.Refused(r.Context(), x.call.Principal) }
	message, bad := checkEnvelope(body)
	if bad != nil {
		refused()
		refuse(w, http.StatusBadRequest, *bad)
		return
	}
	if id, unknown := h.door.unknownMethod(message); unknown && r.Header.Get("Mcp-Protocol-Version") < statelessProtocol {
		respond(w, http.StatusOK, id, rpcError{jsonrpc.CodeMethodNotFound, "method not found"})
		return
	}
	r = r.WithContext(withExchange(r.Context(), x))
	r.Body = io.NopCloser(bytes.NewReader(body))
	h.sdk.ServeHTTP(&answerWriter{ResponseWriter: w, x: x, refused: refused}, r)
}

// readAll reads the body, in one piece if Content-Length is right and at most 32 KiB.
func readAll(r *http.Request) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, bytes.MinRead+min(max(0, r.ContentLength), 32<<10)))
	_, err := b.ReadFrom(r.Body)
	return b.Bytes(), err
}

func readStatus(err error) int {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// rpcError is the error member of a JSON-RPC response.
type rpcError struct {
	Code    int64  `json:"code"`
	Message string `json:"message"`
}

// rpcRefusal describes the requests that the SDK answers in plain text. Its own words
// can quote the request, so they are not passed on.
func rpcRefusal(status int) rpcError {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return rpcError{jsonrpc.CodeInvalidRequest, "the body is too large"}
	case http.StatusUnsupportedMediaType:
		return rpcError{jsonrpc.CodeInvalidRequest, "Content-Type must be application/json"}
	case http.StatusMethodNotAllowed:
		return rpcError{jsonrpc.CodeInvalidRequest, "only POST is supported"}
	default:
		return rpcError{jsonrpc.CodeInvalidRequest, "not a request that this server accepts: Accept must name application/json and text/event-stream, " +
			"MCP-Protocol-Version a supported version (2026-07-28, 2025-11-25, 2025-06-18), and the body one JSON-RPC message with a known method"}
	}
}

// refuse answers a request that never became a JSON-RPC call, in JSON-RPC's own form:
// that is what MCP clients look for in an error's body.
func refuse(w http.ResponseWriter, status int, e rpcError) { respond(w, status, nil, e) }

func respond(w http.ResponseWriter, status int, id jsontext.Value, e rpcError) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Del("Content-Length")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(struct {
		Version string         `json:"jsonrpc"`
		ID      jsontext.Value `json:"id"`
		Error   rpcError       `json:"error"`
	}{Version: "2.0", ID: id, Error: e})
}
