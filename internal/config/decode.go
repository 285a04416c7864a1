package config

import (
	"errors"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v4"
)

// decode turns a value of the file into what kong's decoder of typ accepts.
func decode(node *yaml.Node, typ reflect.Type) (any, error) {
	list := typ == reflect.TypeFor[List]()
	switch {
	case isNull(node):
		return nil, errors.New(`no value; give one, write "" for the empty one, or remove the key`)
	case list && node.Kind == yaml.SequenceNode:
		return decodeSequence(node)
	case node.Kind != yaml.ScalarNode:
		return nil, fmt.Errorf("want %s, not a nested structure or an alias", want(typ))
	case list:
		return splitList(node.Value)
	case typ.Kind() == reflect.String:
		return node.Value, nil
	}
	value := reflect.New(typ)
	if err := node.Load(value.Interface()); err != nil {
		return nil, fmt.Errorf("%q is not %s", node.Value, want(typ))
	}
	return value.Elem().Interface(), nil
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

func decodeSequence(node *yaml.Node) (List, error) {
	values := make([]string, len(node.Content))
	for i, item := range node.Content {
		if item.Kind != yaml.ScalarNode || isNull(item) {
			return nil, fmt.Errorf("entry %d of the list is not a single value", i+1)
		}
		values[i] = item.Value
	}
	return cleanList(values)
}

// want says in words what a setting of type typ takes.
func want(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	}
	return "a single value"
}
