package mcp

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
)

// tool is one tool: what clients are told of it, and how its call reaches the service.
type tool struct {
	definition *mcp.Tool
	// decode reads the arguments and returns the call of the service's method with them.
	// Its error is a [todos.InvalidError].
	decode func(arguments json.RawMessage) (invocation, error)
}

// invocation calls the service and returns what it came to.
type invocation func(context.Context, Service, audit.Call) (output, error)

// result is what a call of a tool came to, before a door gives it the form of its protocol.
type result struct {
	text    []byte // compact JSON: what the tool returns, or the problem
	failed  bool
	instead func(http.ResponseWriter) // if set, HTTP's own answer; then there is no text
}

// run hands a call over to the service. It returns nil if the call was carried out but its
// result cannot be written.
func (d *door) run(ctx context.Context, x *exchange, invoke invocation) *result {
	x.handedOver = true
	out, err := invoke(ctx, d.Service, x.call)
	if err != nil {
		r := d.failure(x.call, err)
		return &r
	}
	text, err := out.appendJSON(nil)
	if err != nil {
		d.Logger.ErrorContext(ctx, "a result could not be written", "err", err)
		return nil
	}
	return &result{text: text}
}

// define builds a tool's definition. The hints are all explicit, since the defaults of
// the two pointers are the opposite of what a reader expects; every tool here works on
// the closed world of the person's own tenant.
func define(name, title, description string, inputSchema, outputSchema json.RawMessage, hints mcp.ToolAnnotations) *mcp.Tool {
	closed := false
	hints.OpenWorldHint = &closed
	hints.Title = title
	return &mcp.Tool{
		Name: name, Title: title, Description: description,
		InputSchema: inputSchema, OutputSchema: outputSchema, Annotations: &hints,
	}
}

// todoSchema describes a [todoOut].
const todoSchema = `{
	"type": "object",
	"properties": {
		"id": {"type": "string", "description": "13 characters; identifies the todo in delete-todo"},
		"content": {"type": "string"},
		"ownerId": {"type": "string", "description": "subject of the owner at the identity provider"},
		"createdAt": {"type": "string", "format": "date-time"}
	},
	"required": ["id", "content", "ownerId", "createdAt"],
	"additionalProperties": false
}`
