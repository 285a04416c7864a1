// Command echosdk has an echo tool on modelcontextprotocol/go-sdk as its documentation shows:
// typed, stateless, answers in JSON; and one that returns a page of todos. No token, no store.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type input struct {
	Content string `json:"content"`
}

type pageInput struct {
	Limit int `json:"limit"`
}

type page struct {
	Todos []todo `json:"todos"`
}

type todo struct {
	ID        string `json:"id"`
	Content   string `json:"content"`
	OwnerID   string `json:"ownerId"`
	CreatedAt string `json:"createdAt"`
}

func main() {
	var all [500]todo
	for n := range all {
		all[n] = todo{fmt.Sprintf("%013d", n), fmt.Sprintf("buy milk, bread and some other things, number %d", 64*n), "user-00", "2026-01-31T12:00:00.000Z"}
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "echo", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "create-todo", Description: "Echoes."},
		func(_ context.Context, _ *mcp.CallToolRequest, in input) (*mcp.CallToolResult, input, error) {
			return nil, in, nil
		})
	mcp.AddTool(server, &mcp.Tool{Name: "get-todos", Description: "Returns todos."},
		func(_ context.Context, _ *mcp.CallToolRequest, in pageInput) (*mcp.CallToolResult, page, error) {
			return nil, page{all[:in.Limit]}, nil
		})
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
	log.Fatal(http.ListenAndServe(os.Args[1], handler))
}
