package mcp

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

func deleteTodo() tool {
	destructive := true
	return tool{
		definition: define(todos.ToolDelete, "Delete a todo",
			"Deletes a todo for good: one of the caller's own, or with the scope delete:todos anybody's.",
			json.RawMessage(`{
				"type": "object",
				"properties": {
					"id": {"type": "string", "description": "The todo's id, exactly as create-todo or get-todos gave it"}
				},
				"required": ["id"],
				"additionalProperties": false
			}`),
			json.RawMessage(`{
				"type": "object",
				"properties": {
					"message": {"type": "string"},
					"details": `+todoSchema+`
				},
				"required": ["message", "details"],
				"additionalProperties": false
			}`),
			mcp.ToolAnnotations{DestructiveHint: &destructive}),
		decode: func(arguments json.RawMessage) (invocation, error) {
			var in struct {
				ID *string `json:"id"`
			}
			if err := decode(arguments, &in); err != nil {
				return nil, err
			}
			if in.ID == nil {
				return nil, &todos.InvalidError{Argument: "id", Problem: "is required"}
			}
			return func(ctx context.Context, s Service, call audit.Call) (output, error) {
				todo, err := s.Delete(ctx, call, todos.DeleteInput{ID: *in.ID})
				return deletedOut(todo), err
			}, nil
		},
	}
}
