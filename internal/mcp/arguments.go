package mcp

import (
	"bytes"
	"errors"
	"math"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"todomanager/internal/todos"
)

// decode reads a tool's arguments into the struct that into points to. Absent arguments
// are an empty object. Whatever two readers could understand in two ways is refused: a
// repeated member, one that the tool does not take (or in other case), text that is not
// UTF-8, half of a surrogate pair. encoding/json sees none of these.
func decode(arguments []byte, into any) error {
	arguments = bytes.TrimSpace(arguments)
	if len(arguments) == 0 {
		return nil
	}
	if arguments[0] != '{' {
		return invalid("must be an object")
	}
	err := json.Unmarshal(arguments, into, json.RejectUnknownMembers(true))
	var wrongType *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName):
		return invalid("must not repeat a member")
	case errors.Is(err, json.ErrUnknownName):
		return invalid("must have only the members that the tool's input schema names, in the same case")
	case errors.As(err, &wrongType):
		// The member is one of the tool's: a name that is not was refused above.
		member, _, _ := strings.Cut(strings.TrimPrefix(string(wrongType.JSONPointer), "/"), "/")
		return &todos.InvalidError{Argument: member, Problem: "must have the type that the tool's input schema names"}
	default:
		return invalid("must be JSON in valid UTF-8")
	}
}

// wholeNumber reads an argument that may be left out. It is decoded as a float, since 5.0
// is an integer to JSON Schema and to some clients.
func wholeNumber(argument string, value *float64, otherwise int) (int, error) {
	switch {
	case value == nil:
		return otherwise, nil
	case *value != math.Trunc(*value) || math.Abs(*value) > math.MaxInt32:
		return 0, &todos.InvalidError{Argument: argument, Problem: "must be a whole number"}
	}
	return int(*value), nil
}

func invalid(problem string) error {
	return &todos.InvalidError{Argument: "arguments", Problem: problem}
}
