//nolint:staticcheck // the suite asks for what the protocol deprecates, too
package mcp_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/mcp"
)

// everything is a server with what the scenarios of the conformance suite ask for by name.
// What each must answer is in the suite's descriptions of its scenarios.
type everything struct {
	other mcp.Other
	seal  seal
}

func newEverything() *everything {
	e := &everything{seal: newSeal()}
	e.other.Server = sdk.NewServer(&sdk.Implementation{Name: "everything", Version: "1"}, &sdk.ServerOptions{
		Capabilities: &sdk.ServerCapabilities{
			Tools: &sdk.ToolCapabilities{}, Prompts: &sdk.PromptCapabilities{}, Resources: &sdk.ResourceCapabilities{}, Completions: &sdk.CompletionCapabilities{},
		},
		SetCacheable:      mcp.Cacheable,
		CompletionHandler: complete,
	})
	e.other.Methods = []string{"resources/list", "resources/templates/list", "resources/read", "completion/complete"}
	e.addContent()
	e.addDiagnostics()
	e.addInputs()
	e.addResources()
	e.addPrompts()
	return e
}

type answerFunc = func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error)

// tool adds a tool without arguments.
func (e *everything) tool(name string, answer answerFunc) {
	e.other.Tools = append(e.other.Tools, name)
	e.other.Server.AddTool(&sdk.Tool{Name: name, Description: "For the conformance suite", InputSchema: json.RawMessage(`{"type":"object"}`)}, answer)
}

// says is a tool that always answers the same.
func says(content ...sdk.Content) answerFunc {
	return func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return &sdk.CallToolResult{Content: content}, nil
	}
}

func text(format string, a ...any) sdk.Content {
	return &sdk.TextContent{Text: fmt.Sprintf(format, a...)}
}

func picture() sdk.Content { return &sdk.ImageContent{MIMEType: "image/png", Data: redDot()} }

func embedded(uri, mimeType, text string) sdk.Content {
	return &sdk.EmbeddedResource{Resource: &sdk.ResourceContents{URI: uri, MIMEType: mimeType, Text: text}}
}

// progressTool is the one that answers with more than one message.
const progressTool = "test_tool_with_progress"

func (e *everything) addContent() {
	e.tool("test_simple_text", says(text("This is a simple text response for testing.")))
	e.tool("test_image_content", says(picture()))
	e.tool("test_audio_content", says(&sdk.AudioContent{MIMEType: "audio/wav", Data: silence()}))
	e.tool("test_embedded_resource", says(embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")))
	e.tool("test_multiple_content_types", says(text("Multiple content types test:"), picture(),
		embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`)))
	e.tool("test_error_handling", func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return &sdk.CallToolResult{IsError: true, Content: []sdk.Content{text("This tool intentionally returns an error for testing")}}, nil
	})
	e.tool(progressTool, func(ctx context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		token := req.Params.GetProgressToken()
		for _, done := range []float64{0, 50, 100} {
			if token == nil {
				break
			}
			if err := req.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Progress: done, Total: 100}); err != nil {
				return nil, err
			}
		}
		return &sdk.CallToolResult{Content: []sdk.Content{text("done")}}, nil
	})
}

// addDiagnostics adds the tools of the scenario server-stateless.
func (e *everything) addDiagnostics() {
	e.tool("test_missing_capability", func(_ context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		if c := req.ClientCapabilities(); c != nil && c.Sampling != nil {
			return &sdk.CallToolResult{Content: []sdk.Content{text("the client can sample")}}, nil
		}
		data, err := json.Marshal(sdk.MissingRequiredClientCapabilityData{RequiredCapabilities: &sdk.ClientCapabilities{Sampling: &sdk.SamplingCapabilities{}}})
		if err != nil {
			return nil, err
		}
		return nil, &jsonrpc.Error{Code: sdk.CodeMissingRequiredClientCapabilities, Message: "sampling is needed", Data: data}
	})
	e.tool("test_streaming_elicitation", says(text("nothing but this answer")))
	e.tool("test_logging_tool", func(ctx context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		// The SDK must drop this for clients that did not ask for a level.
		err := req.Session.Log(ctx, &sdk.LoggingMessageParams{Level: "info", Data: "not for the client"})
		return &sdk.CallToolResult{Content: []sdk.Content{text("logged")}}, err
	})
}
