package mcp

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

func getTodos() tool {
	destructive := false
	return tool{
		definition: define(todos.ToolList, "List todos",
			"Lists the caller's own todos, or with the scope read:todos everybody's, oldest first. If nextCursor is present there are more.",
			json.RawMessage(`{
				"type": "object",
				"properties": {
					"limit": {"type": "integer", "minimum": 1, "maximum": 500, "default": 200, "description": "Maximum number of todos to return"},
					"cursor": {"type": "string", "description": "nextCursor of the previous page"}
				},
				"additionalProperties": false
			}`),
			json.RawMessage(`{
				"type": "object",
				"properties": {
					"todos": {"type": "array", "items": `+todoSchema+`},
					"nextCursor": {"type": "string", "description": "Pass as cursor to get the next page"}
				},
				"required": ["todos"],
				"additionalProperties": false
			}`),
			mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, DestructiveHint: &destructive}),
		decode: func(arguments json.RawMessage) (invocation, error) {
			// Pointers, since null is another way to leave an optional argument out.
			var in struct {
				Limit  *float64 `json:"limit"`
				Cursor *string  `json:"cursor"`
			}
			if err := decode(arguments, &in); err != nil {
				return nil, err
			}
			limit, err := wholeNumber("limit", in.Limit, todos.DefaultPage)
			if err != nil {
				return nil, err
			}
			list := todos.ListInput{Limit: limit, Cursor: orEmpty(in.Cursor)}
			return func(ctx context.Context, s Service, call audit.Call) (output, error) {
				page, err := s.List(ctx, call, list)
				return pageOut(page), err
			}, nil
		},
	}
}
