package mcp

import (
	"context"
	"runtime/debug"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
)

// allowed is what clients may call. Others are refused even where the SDK would answer
// them: it lists prompts and resources that the server does not declare.
func allowed(method string) bool {
	switch method {
	case "initialize", "ping", "server/discover", "tools/list", "tools/call",
		"notifications/initialized", "notifications/cancelled":
		return true
	}
	return false
}

const (
	methodCallTool = "tools/call"
	unknownTool    = "unknown tool" // all that a client hears of one
)

// guard is the outermost middleware. It sees every request that the SDK could parse,
// and sees to it that each tools/call leaves one row, and that a panic ends the call
// and not the process: the SDK recovers from none.
func (d *door) guard(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (res mcp.Result, err error) {
		x := exchangeFrom(ctx)
		if !allowed(method) {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: "method not found"}
		}
		tool := audit.UnknownTool
		defer func() {
			if v := recover(); v != nil {
				d.Logger.ErrorContext(ctx, "panic while a request was served", "method", method, "panic", v, "stack", string(debug.Stack()))
				if method == methodCallTool && !x.handedOver {
					d.refuseAfterPanic(ctx, x, tool)
				}
				res, err = nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "internal error"}
			}
		}()
		if method == methodCallTool {
			params, _ := req.GetParams().(*mcp.CallToolParamsRaw)
			if params != nil {
				x.call.TraceID = traceID(params.Meta)
			}
			if params == nil || !d.tools[params.Name] {
				if err := d.refuse(ctx, x, tool, audit.ReasonUnknownTool); err != nil {
					return d.failure(x, err)
				}
				return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: unknownTool}
			}
			tool = params.Name
		}
		res, err = next(ctx, method, req)
		if err == nil {
			res = listed(res, x.call.Principal)
		}
		if method == methodCallTool && !x.handedOver { // the SDK ended the call on its way to the tool
			if err := d.refuse(ctx, x, tool, audit.ReasonInvalidArguments); err != nil {
				return d.failure(x, err)
			}
		}
		return res, err
	}
}

// refuse records a call that does not reach a method of the service. It returns an error
// if that gives another reason to refuse it, which comes first.
func (d *door) refuse(ctx context.Context, x *exchange, tool string, reason audit.Reason) error {
	err := d.Service.Refuse(ctx, x.call, tool, reason)
	x.handedOver = true
	return err
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
			return d.failure(x, err)
		}
		x.handedOver = true
		out, err := invoke(ctx, d.Service, x.call)
		if err != nil {
			return d.failure(x, err)
		}
		text, err := json.Marshal(out) // this one leaves <, > and & as they are
		if err != nil {
			return nil, err
		}
		return &mcp.CallToolResult{
			Content:           []mcp.Content{&mcp.TextContent{Text: string(text)}},
			StructuredContent: jsontext.Value(text),
		}, nil
	}
}
