package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
)

// direct is the door beside the SDK's, for plain calls of tools. They are nearly all that
// clients send, and the SDK decodes each of them eleven times. It takes a request only if it
// knows all of it that the SDK would look at ([readPlain]), and leaves every other one to the
// SDK as it came, bad arguments included. It answers as the SDK does: FuzzDoors compares the
// two.
type direct struct {
	*door
	tools map[string]tool
	about string // members that a result has in protocol 2026-07-28
}

func newDirect(d *door, tools []tool, server *mcp.Implementation) (*direct, error) {
	info, err := json.Marshal(server)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]tool)
	for _, t := range tools {
		byName[t.definition.Name] = t
	}
	return &direct{d, byName, `"_meta":{"` + mcp.MetaKeyServerInfo + `":` + string(info) + `},"resultType":"complete",`}, nil
}

// read returns the call that a request is, and how it reaches the service. It leaves to the SDK whatever is not
// a plain call, with good arguments, of a tool that exists.
func (d *direct) read(r *http.Request, body []byte) (*plainCall, invocation, bool) {
	p, ok := readPlain(r, body)
	if !ok {
		return nil, nil, false
	}
	t, ok := d.tools[p.Params.Name]
	if !ok {
		return nil, nil, false
	}
	invoke, err := t.decode(json.RawMessage(p.Params.Arguments))
	return p, invoke, err == nil
}

// serve answers what read returned.
func (d *direct) serve(w http.ResponseWriter, r *http.Request, x *exchange, p *plainCall, invoke invocation) {
	came := d.call(r.Context(), x, p, invoke)
	if came != nil && came.instead != nil {
		came.instead(w)
		return
	}
	answer := d.response(p, came)
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-cache, no-transform") // as the SDK says
	header.Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer) // nobody is left to tell
}

// call runs a call. It returns nil if there is no result because of a defect.
func (d *direct) call(ctx context.Context, x *exchange, p *plainCall, invoke invocation) (came *result) {
	defer func() {
		if v := recover(); v != nil {
			d.panicked(ctx, x, p.Method, p.Params.Name, v)
			came = nil
		}
	}()
	x.call.Kind = audit.ToolCall
	ctx, ended := d.began(ctx, x, p.Params.Name, p.Params.Meta.Traceparent)
	defer ended()
	return d.run(ctx, x, invoke)
}

// response is the JSON-RPC response. The JSON of a result is in it twice, as a text and as it is.
func (d *direct) response(p *plainCall, came *result) []byte {
	if came == nil {
		return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":"internal error"}}`, p.ID, jsonrpc.CodeInternalError)
	}
	b := make([]byte, 0, 256+len(d.about)+len(p.ID)+5*len(came.text)/2) // room for the text's escapes
	b = append(append(b, `{"jsonrpc":"2.0","id":`...), p.ID...)
	b = append(b, `,"result":{`...)
	if p.stateless() {
		b = append(b, d.about...)
	}
	b = append(b, `"content":[{"type":"text","text":`...)
	b = appendText(b, came.text)
	if came.failed {
		return append(b, `}],"isError":true}}`...)
	}
	b = append(append(b, `}],"structuredContent":`...), came.text...)
	return append(b, '}', '}')
}

// appendText appends compact JSON as a string. Such JSON has no raw control characters, so quotes and
// backslashes alone need an escape.
func appendText(b, text []byte) []byte {
	b = append(b, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return append(b, '"')
}
