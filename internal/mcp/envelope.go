package mcp

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// checkEnvelope refuses what the SDK should not be asked to make sense of: a batch,
// which it would run for a client that names no protocol version; members given twice,
// of which it takes the last where something in front may have read the first; params
// that are no object or whose name is no string, which it would quote at length. It
// decides nothing else. Arguments are not looked into: a call with bad ones is a call, and gets
// its row.
func checkEnvelope(body []byte) (message map[string]jsontext.Value, bad *rpcError) {
	switch kind := jsontext.Value(bytes.TrimLeft(body, " \t\r\n")).Kind(); kind {
	case jsontext.KindBeginObject:
	case jsontext.KindBeginArray:
		return nil, &rpcError{jsonrpc.CodeInvalidRequest, "JSON-RPC batches are not supported"}
	default:
		if !jsontext.Value(body).IsValid() {
			return nil, &rpcError{jsonrpc.CodeParseError, "the body is not JSON"}
		}
		return nil, &rpcError{jsonrpc.CodeInvalidRequest, "the body is not a JSON object"}
	}
	message, err := membersOf(body)
	if err == nil {
		err = checkParams(message)
	}
	switch {
	case err == nil:
		return message, nil
	case errors.Is(err, errTwice), errors.Is(err, errParams):
		return nil, &rpcError{jsonrpc.CodeInvalidRequest, err.Error()}
	default:
		return nil, &rpcError{jsonrpc.CodeParseError, "the body is not JSON"}
	}
}

// unknownMethod reports whether message calls a method that the server does not have,
// and by which id. The SDK's words for that are a plain 400 in the protocols before
// 2026-07-28. A method that is spelled with escapes is left to the SDK.
func (d *door) unknownMethod(message map[string]jsontext.Value) (id jsontext.Value, unknown bool) {
	id = message["id"]
	if kind := id.Kind(); kind != jsontext.KindString && kind != jsontext.KindNumber {
		return nil, false // a notification, or no id that could be answered
	}
	method := message["method"]
	if method.Kind() != jsontext.KindString || bytes.ContainsRune(method, '\\') {
		return nil, false
	}
	return id, !d.allowed(string(method[1 : len(method)-1]))
}

var (
	errTwice  = errors.New("a member of the message is given twice")
	errParams = errors.New("params must be an object, and its name a string")
)

func checkParams(message map[string]jsontext.Value) error {
	params, ok := message["params"]
	if !ok {
		return nil
	}
	if params.Kind() != jsontext.KindBeginObject {
		return errParams
	}
	members, err := membersOf(params)
	if err != nil {
		return err
	}
	if name, ok := members["name"]; ok && name.Kind() != jsontext.KindString {
		return errParams
	}
	return nil
}

// membersOf splits an object into its members, whose values it checks for syntax only.
func membersOf(object []byte) (map[string]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(object), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	members := make(map[string]jsontext.Value, 4)
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String() // before the next read, which reuses its memory
		if _, twice := members[key]; twice {
			return nil, errTwice
		}
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		end := d.InputOffset()
		members[key] = object[end-int64(len(value)) : end] // value itself lives until the next read
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if rest := bytes.Trim(object[d.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, errors.New("something follows the object")
	}
	return members, nil
}
