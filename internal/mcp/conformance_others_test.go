package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// redDot is a PNG of one pixel.
func redDot() []byte {
	dot := image.NewRGBA(image.Rect(0, 0, 1, 1))
	dot.Set(0, 0, color.RGBA{R: 255, A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, dot); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// silence is a WAV file of one 8-bit sample at 8 kHz.
func silence() []byte {
	return []byte("RIFF\x25\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x01\x00\x00\x00\x80")
}

type contentsFunc = func(uri string) (*sdk.ResourceContents, error)

func reads(contents contentsFunc) sdk.ResourceHandler {
	return func(_ context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
		c, err := contents(req.Params.URI)
		if err != nil {
			return nil, err
		}
		return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{c}}, nil
	}
}

func (e *everything) addResources() {
	const description = "For the conformance suite"
	e.other.Server.AddResource(&sdk.Resource{Name: "static-text", Description: description, URI: "test://static-text", MIMEType: "text/plain"},
		reads(func(uri string) (*sdk.ResourceContents, error) {
			return &sdk.ResourceContents{URI: uri, MIMEType: "text/plain", Text: "This is the content of the static text resource."}, nil
		}))
	e.other.Server.AddResource(&sdk.Resource{Name: "static-binary", Description: description, URI: "test://static-binary", MIMEType: "image/png"},
		reads(func(uri string) (*sdk.ResourceContents, error) {
			return &sdk.ResourceContents{URI: uri, MIMEType: "image/png", Blob: redDot()}, nil
		}))
	e.other.Server.AddResourceTemplate(&sdk.ResourceTemplate{Name: "template", Description: description, URITemplate: "test://template/{id}/data", MIMEType: "application/json"},
		reads(func(uri string) (*sdk.ResourceContents, error) {
			id := strings.TrimSuffix(strings.TrimPrefix(uri, "test://template/"), "/data")
			text, err := json.Marshal(map[string]any{"id": id, "templateTest": true, "data": "Data for ID: " + id})
			return &sdk.ResourceContents{URI: uri, MIMEType: "application/json", Text: string(text)}, err
		}))
}

// prompt adds a prompt with these arguments, all required.
func (e *everything) prompt(name string, arguments []string, messages func(arguments map[string]string) []sdk.Content) {
	p := &sdk.Prompt{Name: name, Description: "For the conformance suite"}
	for _, argument := range arguments {
		p.Arguments = append(p.Arguments, &sdk.PromptArgument{Name: argument, Required: true})
	}
	e.other.Prompts = append(e.other.Prompts, name)
	e.other.Server.AddPrompt(p, func(_ context.Context, req *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		return userSays(messages(req.Params.Arguments)...), nil
	})
}

func userSays(content ...sdk.Content) *sdk.GetPromptResult {
	res := new(sdk.GetPromptResult)
	for _, c := range content {
		res.Messages = append(res.Messages, &sdk.PromptMessage{Role: "user", Content: c})
	}
	return res
}

func (e *everything) addPrompts() {
	e.prompt("test_simple_prompt", nil, func(map[string]string) []sdk.Content {
		return []sdk.Content{text("This is a simple prompt for testing.")}
	})
	e.prompt("test_prompt_with_arguments", []string{"arg1", "arg2"}, func(a map[string]string) []sdk.Content {
		return []sdk.Content{text("Prompt with arguments: arg1='%s', arg2='%s'", a["arg1"], a["arg2"])}
	})
	e.prompt("test_prompt_with_embedded_resource", []string{"resourceUri"}, func(a map[string]string) []sdk.Content {
		return []sdk.Content{embedded(a["resourceUri"], "text/plain", "Embedded resource content for testing."), text("Please process the embedded resource above.")}
	})
	e.prompt("test_prompt_with_image", nil, func(map[string]string) []sdk.Content {
		return []sdk.Content{picture(), text("Please analyze the image above.")}
	})

	const asks = "test_input_required_result_prompt"
	e.other.Prompts = append(e.other.Prompts, asks)
	e.other.Server.AddPrompt(&sdk.Prompt{Name: asks, Description: "For the conformance suite"},
		func(_ context.Context, req *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
			if given, ok := elicited[string](req.Params.InputResponses, "user_context", "context"); ok {
				return userSays(text("%s", given)), nil
			}
			return &sdk.GetPromptResult{InputRequests: sdk.InputRequestMap{
				"user_context": elicit("What context should the prompt use?", "context", "string"),
			}}, nil
		})
}

// complete offers words that begin as the argument does.
func complete(_ context.Context, req *sdk.CompleteRequest) (*sdk.CompleteResult, error) {
	values := []string{}
	for _, word := range []string{"paris", "park", "party"} {
		if strings.HasPrefix(word, req.Params.Argument.Value) {
			values = append(values, word)
		}
	}
	return &sdk.CompleteResult{Completion: sdk.CompletionResultDetails{Values: values, Total: len(values)}}, nil
}
