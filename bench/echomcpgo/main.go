// Command echomcpgo is an echo tool on mark3labs/mcp-go, stateless. No token, no store.
package main

import (
	"context"
	"log"
	"os"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	s := server.NewMCPServer("echo", "1")
	s.AddTool(mcp.NewTool("create-todo", mcp.WithString("content", mcp.Required())),
		func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			content, err := r.RequireString("content")
			if err != nil {
				return mcp.NewToolResultError(err.Error()), nil
			}
			return mcp.NewToolResultText(content), nil
		})
	h := server.NewStreamableHTTPServer(s, server.WithStateLess(true), server.WithEndpointPath("/"))
	log.Fatal(h.Start(os.Args[1]))
}
