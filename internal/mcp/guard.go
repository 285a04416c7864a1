package mcp

import (
	"cmp"
	"context"
	"runtime/debug"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
)

// allowed is what clients may call of this server. Others are refused even where the SDK would answer
// them: it lists prompts and resources that the server does not declare.
func allowed(method string) bool {
	switch method {
	case "initialize", "ping", "server/discover", "tools/list", "tools/call", "prompts/list", "prompts/get",
		"notifications/initialized", "notifications/cancelled":
		return true
	}
	return false
}

// All that a client hears of what does not exist.
const (
	unknownTool   = "unknown tool"
	unknownPrompt = "unknown prompt"
)

// called returns what a tools/call or prompts/get calls; the kind is empty for other
// requests.
func called(method string, req mcp.Request) (kind audit.Kind, name string, meta mcp.Meta) {
	switch method {
	case "tools/call":
		kind = audit.ToolCall
	case "prompts/get":
		kind = audit.PromptGet
	}
	switch params := req.GetParams().(type) {
	case *mcp.CallToolParamsRaw:
		if params != nil {
			return kind, params.Name, params.Meta
		}
	case *mcp.GetPromptParams:
		if params != nil {
			return kind, params.Name, params.Meta
		}
	}
	return kind, "", nil
}

// guard is the outermost middleware. It sees every request that the SDK could parse,
// and sees to it that each tools/call and prompts/get leaves one row, and that a panic
// ends the call and not the process: the SDK recovers from none.
func (d *door) guard(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (res mcp.Result, err error) {
		x := exchangeFrom(ctx)
		x.received = true
		if !d.allowed(method) {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: "method not found"}
		}
		tool := audit.UnknownTool
		kind, name, meta := called(method, req)
		defer func() {
			if v := recover(); v != nil {
				d.panicked(ctx, x, method, tool, v)
				res, err = nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "internal error"}
			}
		}()
		if kind != "" {
			x.call.Kind = kind
			known := d.names[kind][name]
			if known {
				tool = name
			}
			var ended func()
			ctx, ended = d.began(ctx, x, tool, fieldOf(meta))
			defer ended()
			if !known {
				return d.unknown(ctx, x)
			}
		}
		res, err = next(ctx, method, req)
		if err == nil {
			res = listed(res, x.call.Principal)
		}
		if kind != "" && !x.handedOver { // the SDK ended the call on its way to the tool
			if err := d.refuse(ctx, x, tool, audit.ReasonInvalidArguments); err != nil {
				return d.denied(x, err)
			}
		}
		return res, err
	}
}

// began notes which trace a call is in: the client's, or else our own if there is one.
func (d *door) began(ctx context.Context, x *exchange, tool, field string) (_ context.Context, ended func()) {
	parent, id := traceparent(field)
	ctx, own, ended := d.Began(ctx, tool, parent)
	if x.call.TraceID = cmp.Or(id, own); x.call.TraceID != "" {
		d.Traced(ctx, x.call.TraceID)
	}
	return ctx, ended
}

// unknown answers a call of what does not exist.
func (d *door) unknown(ctx context.Context, x *exchange) (mcp.Result, error) {
	if err := d.refuse(ctx, x, audit.UnknownTool, audit.ReasonUnknownTool); err != nil {
		return d.denied(x, err)
	}
	message := unknownTool
	if x.call.Kind == audit.PromptGet {
		message = unknownPrompt
	}
	return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: message}
}

// denied answers a call that the service refuses before it has reached its tool or prompt.
func (d *door) denied(x *exchange, err error) (mcp.Result, error) {
	if x.call.Kind == audit.PromptGet {
		return nil, d.promptFailure(x, err)
	}
	return forSDK(x, d.failure(x.call, err))
}

// refuse records a call that does not reach a method of the service. It returns an error
// if that gives another reason to refuse it, which comes first.
func (d *door) refuse(ctx context.Context, x *exchange, tool string, reason audit.Reason) error {
	err := d.Service.Refuse(ctx, x.call, tool, reason)
	x.handedOver = true
	return err
}

// panicked tells the operator of a panic and, if the service has not had the call yet,
// sees to its row.
func (d *door) panicked(ctx context.Context, x *exchange, method, tool string, v any) {
	d.Logger.ErrorContext(ctx, "panic while a request was served", "method", method, "panic", v, "stack", string(debug.Stack()))
	if x.call.Kind != "" && !x.handedOver {
		d.refuseAfterPanic(ctx, x, tool)
	}
}

// refuseAfterPanic must not panic itself: nothing above it recovers.
func (d *door) refuseAfterPanic(ctx context.Context, x *exchange, tool string) {
	defer func() {
		if v := recover(); v != nil {
			d.Logger.ErrorContext(ctx, "panic while a panic was recorded", "tool", tool, "panic", v)
		}
	}()
	_ = d.refuse(ctx, x, tool, audit.ReasonInternalError) // the answer is the same for everybody
}

// handle adapts a tool to the SDK.
func (d *door) handle(t tool) mcp.ToolHandler {
	return func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		x := exchangeFrom(ctx)
		invoke, err := t.decode(req.Params.Arguments)
		if err != nil {
			if blocked := d.refuse(ctx, x, t.definition.Name, audit.ReasonInvalidArguments); blocked != nil {
				err = blocked
			}
			return forSDK(x, d.failure(x.call, err))
		}
		r := d.run(ctx, x, invoke)
		if r == nil {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "internal error"}
		}
		return forSDK(x, *r)
	}
}

// forSDK gives a result the SDK's form. One that has an answer of its own is left in the
// exchange, and the error is what that takes the place of.
func forSDK(x *exchange, r result) (*mcp.CallToolResult, error) {
	if x.instead = r.instead; r.instead != nil {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "answered otherwise"}
	}
	out := &mcp.CallToolResult{IsError: r.failed, Content: []mcp.Content{&mcp.TextContent{Text: string(r.text)}}}
	if !r.failed {
		out.StructuredContent = jsontext.Value(r.text)
	}
	return out, nil
}
