//nolint:staticcheck // the suite asks for what the protocol deprecates, too
package mcp_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// seal protects the state that a client carries from one round of a call to the next.
type seal []byte

func newSeal() seal {
	key := make(seal, 32)
	rand.Read(key)
	return key
}

func (s seal) mac(state string) string {
	h := hmac.New(sha256.New, s)
	h.Write([]byte(state))
	return hex.EncodeToString(h.Sum(nil))
}

func (s seal) close(state string) string { return state + "." + s.mac(state) }

// open returns the state that was sealed.
func (s seal) open(sealed string) (string, error) {
	at := strings.LastIndex(sealed, ".")
	if at < 0 || !hmac.Equal([]byte(sealed[at+1:]), []byte(s.mac(sealed[:at]))) {
		return "", &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "the request state is not of this server"}
	}
	return sealed[:at], nil
}

func elicit(message, field, kind string) *sdk.ElicitParams {
	return &sdk.ElicitParams{Message: message, RequestedSchema: map[string]any{
		"type": "object", "properties": map[string]any{field: map[string]any{"type": kind}}, "required": []string{field},
	}}
}

func sample(question string, maxTokens int64) *sdk.CreateMessageParams {
	return &sdk.CreateMessageParams{MaxTokens: maxTokens, Messages: []*sdk.SamplingMessage{{Role: "user", Content: &sdk.TextContent{Text: question}}}}
}

// elicited returns the field that the person filled in.
func elicited[T any](responses sdk.InputResponseMap, key, field string) (value T, ok bool) {
	res, ok := responses[key].(*sdk.ElicitResult)
	if !ok || res == nil || res.Action != "accept" {
		return value, false
	}
	value, ok = res.Content[field].(T)
	return value, ok
}

func sampled(responses sdk.InputResponseMap, key string) (string, bool) {
	res, ok := responses[key].(*sdk.CreateMessageWithToolsResult)
	if !ok || res == nil || len(res.Content) == 0 {
		return "", false
	}
	answer, ok := res.Content[0].(*sdk.TextContent)
	if !ok {
		return "", false
	}
	return answer.Text, true
}

func roots(responses sdk.InputResponseMap, key string) (string, bool) {
	res, ok := responses[key].(*sdk.ListRootsResult)
	if !ok || res == nil {
		return "", false
	}
	text, err := json.Marshal(res.Roots)
	return string(text), err == nil
}

// inputTool adds a tool that asks the client for input. It is given the responses and the state that it
// sealed in the round before, empty in the first.
func (e *everything) inputTool(name string, round func(in sdk.InputResponseMap, state string, req *sdk.CallToolRequest) *sdk.CallToolResult) {
	e.tool(name, func(_ context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		state := req.Params.RequestState
		if state != "" {
			var err error
			if state, err = e.seal.open(state); err != nil {
				return nil, err
			}
		}
		res := round(req.Params.InputResponses, state, req)
		if res.RequestState != "" {
			res.RequestState = e.seal.close(res.RequestState)
		}
		return res, nil
	})
}

func done(format string, a ...any) *sdk.CallToolResult {
	return &sdk.CallToolResult{Content: []sdk.Content{text(format, a...)}}
}

func ask(state string, requests sdk.InputRequestMap) *sdk.CallToolResult {
	return &sdk.CallToolResult{InputRequests: requests, RequestState: state}
}

func (e *everything) addInputs() {
	e.inputTool("test_input_required_result_elicitation", func(in sdk.InputResponseMap, _ string, _ *sdk.CallToolRequest) *sdk.CallToolResult {
		if name, ok := elicited[string](in, "user_name", "name"); ok {
			return done("Hello, %s!", name)
		}
		return ask("", sdk.InputRequestMap{"user_name": elicit("What is your name?", "name", "string")})
	})
	e.inputTool("test_input_required_result_sampling", func(in sdk.InputResponseMap, _ string, _ *sdk.CallToolRequest) *sdk.CallToolResult {
		if answer, ok := sampled(in, "capital_question"); ok {
			return done("%s", answer)
		}
		return ask("", sdk.InputRequestMap{"capital_question": sample("What is the capital of France?", 100)})
	})
	e.inputTool("test_input_required_result_list_roots", func(in sdk.InputResponseMap, _ string, _ *sdk.CallToolRequest) *sdk.CallToolResult {
		if list, ok := roots(in, "client_roots"); ok {
			return done("%s", list)
		}
		return ask("", sdk.InputRequestMap{"client_roots": &sdk.ListRootsParams{}})
	})
	for _, name := range []string{"test_input_required_result_request_state", "test_input_required_result_tampered_state"} {
		e.inputTool(name, func(in sdk.InputResponseMap, state string, _ *sdk.CallToolRequest) *sdk.CallToolResult {
			if ok, answered := elicited[bool](in, "confirm", "ok"); answered && ok && state == "asked" {
				return done("state-ok")
			}
			return ask("asked", sdk.InputRequestMap{"confirm": elicit("Please confirm", "ok", "boolean")})
		})
	}
	e.inputTool("test_input_required_result_multiple_inputs", multipleInputs)
	e.inputTool("test_input_required_result_multi_round", multiRound)
	e.inputTool("test_input_required_result_capabilities", onlyDeclared)
}

func multipleInputs(in sdk.InputResponseMap, state string, _ *sdk.CallToolRequest) *sdk.CallToolResult {
	name, hasName := elicited[string](in, "user_name", "name")
	greeting, hasGreeting := sampled(in, "greeting")
	list, hasRoots := roots(in, "client_roots")
	if state == "asked" && hasName && hasGreeting && hasRoots {
		return done("%s %s %s", greeting, name, list)
	}
	return ask("asked", sdk.InputRequestMap{
		"user_name": elicit("What is your name?", "name", "string"), "greeting": sample("Generate a greeting", 50), "client_roots": &sdk.ListRootsParams{},
	})
}

// multiRound keeps the answer of the first round in the state of the second.
func multiRound(in sdk.InputResponseMap, state string, _ *sdk.CallToolRequest) *sdk.CallToolResult {
	if name, second := strings.CutPrefix(state, "name="); second {
		if color, ok := elicited[string](in, "step2", "color"); ok {
			return done("%s likes %s", name, color)
		}
		return ask(state, sdk.InputRequestMap{"step2": elicit("Step 2: What is your favorite color?", "color", "string")})
	}
	if name, ok := elicited[string](in, "step1", "name"); ok && state == "started" {
		return ask("name="+name, sdk.InputRequestMap{"step2": elicit("Step 2: What is your favorite color?", "color", "string")})
	}
	return ask("started", sdk.InputRequestMap{"step1": elicit("Step 1: What is your name?", "name", "string")})
}

// onlyDeclared asks for what the client says that it can give.
func onlyDeclared(_ sdk.InputResponseMap, _ string, req *sdk.CallToolRequest) *sdk.CallToolResult {
	requests := make(sdk.InputRequestMap)
	can := req.ClientCapabilities()
	if can != nil && can.Elicitation != nil {
		requests["user_name"] = elicit("What is your name?", "name", "string")
	}
	if can != nil && can.Sampling != nil {
		requests["greeting"] = sample("Generate a greeting", 50)
	}
	if len(requests) == 0 {
		return done("the client can give no input")
	}
	return ask("", requests)
}
