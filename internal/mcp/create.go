package mcp

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

func createTodo(maxContent int) tool {
	destructive := false
	return tool{
		definition: define(todos.ToolCreate, "Create a todo",
			"Adds a todo to the caller's own list and returns it with its id.",
			json.RawMessage(`{
				"type": "object",
				"properties": {
					"content": {"type": "string", "minLength": 1, "maxLength": `+strconv.Itoa(maxContent)+`, "description": "What is to be done"}
				},
				"required": ["content"],
				"additionalProperties": false
			}`),
			json.RawMessage(todoSchema),
			mcp.ToolAnnotations{DestructiveHint: &destructive}),
		decode: func(arguments json.RawMessage) (invocation, error) {
			var in struct {
				Content *string `json:"content"`
			}
			if err := decode(arguments, &in); err != nil {
				return nil, err
			}
			if in.Content == nil {
				return nil, &todos.InvalidError{Argument: "content", Problem: "is required"}
			}
			return func(ctx context.Context, s Service, call audit.Call) (output, error) {
				todo, err := s.Create(ctx, call, todos.CreateInput{Content: *in.Content})
				return todoOut(todo), err
			}, nil
		},
	}
}
