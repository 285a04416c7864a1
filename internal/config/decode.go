package config

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"
)

// decode reads the value of a key into target, a setting or a field of [Issuer].
func (f *file) decode(key string, node *yaml.Node, target reflect.Value) error {
	wrong := func(err error) error { return f.errorf(node, "%s: %w", key, err) }
	if isNull(node) {
		return wrong(errors.New(`no value; give one, write "" for the empty one, or remove the key`))
	}
	switch target := target.Addr().Interface().(type) {
	case *Issuers:
		return f.decodeIssuers(key, node, target)
	case *List:
		values, err := decodeList(node)
		if err != nil {
			return wrong(err)
		}
		*target = values
		return nil
	case *[]string:
		values, err := decodeSequence(node)
		if err != nil {
			return wrong(err)
		}
		*target = values
		return nil
	case *map[string]List:
		*target = make(map[string]List)
		_, err := f.entries(key, node, nil, func(name string, value *yaml.Node) error {
			var values List
			err := f.decode(key+"."+name, value, reflect.ValueOf(&values).Elem())
			(*target)[name] = values
			return err
		})
		return err
	case **Introspection:
		*target = new(Introspection)
		lines, err := f.decodeStruct(key, node, reflect.ValueOf(*target).Elem())
		(*target).lines = lines
		return err
	}
	if err := decodeScalar(node, target); err != nil {
		return wrong(err)
	}
	return nil
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

func decodeScalar(node *yaml.Node, target reflect.Value) error {
	if node.Kind != yaml.ScalarNode {
		return fmt.Errorf("want %s, not a nested structure or an alias", want(target.Type()))
	}
	switch value := target.Addr().Interface().(type) {
	case *string:
		*value = node.Value
		return nil
	case *time.Duration:
		var err error
		if *value, err = time.ParseDuration(node.Value); err != nil || *value <= 0 {
			return fmt.Errorf("%q is not %s", node.Value, want(target.Type()))
		}
		return nil
	}
	if text, ok := target.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return text.UnmarshalText([]byte(node.Value))
	}
	if node.Load(target.Addr().Interface()) != nil {
		return fmt.Errorf("%q is not %s", node.Value, want(target.Type()))
	}
	return nil
}

func decodeList(node *yaml.Node) (List, error) {
	if node.Kind == yaml.ScalarNode {
		return splitList(node.Value)
	}
	values, err := decodeSequence(node)
	if err != nil {
		return nil, err
	}
	return cleanList(values)
}

func decodeSequence(node *yaml.Node) ([]string, error) {
	if node.Kind != yaml.SequenceNode {
		return nil, errors.New("want a list such as [a, b], not a single value, a nested structure or an alias")
	}
	values := make([]string, len(node.Content))
	for i, item := range node.Content {
		if item.Kind != yaml.ScalarNode || isNull(item) {
			return nil, fmt.Errorf("entry %d of the list is not a single value", i+1)
		}
		values[i] = item.Value
	}
	return values, nil
}

// decodeIssuers reads a list whose entries may be mappings.
func (f *file) decodeIssuers(key string, node *yaml.Node, target *Issuers) error {
	if node.Kind != yaml.SequenceNode {
		urls, err := decodeList(node)
		if err != nil {
			return f.errorf(node, "%s: %w: write each issuer as a line that begins with a dash", key, err)
		}
		*target = plainIssuers(urls)
		for _, issuer := range *target {
			issuer.source = source{file: f.name, line: node.Line}
		}
		return nil
	}
	for _, item := range node.Content {
		issuer := &Issuer{source: source{file: f.name, line: item.Line}}
		if item.Kind == yaml.MappingNode {
			lines, err := f.decodeStruct(key, item, reflect.ValueOf(issuer).Elem())
			if err != nil {
				return err
			}
			issuer.source.lines = lines
		} else if err := decodeScalar(item, reflect.ValueOf(&issuer.URL).Elem()); err != nil {
			return f.errorf(item, "%s: %w", key, err)
		}
		if issuer.URL == "" || isNull(item) {
			return f.errorf(item, "%s: an entry is empty and has no url; add one, or remove the entry", key)
		}
		*target = append(*target, issuer)
	}
	return nil
}

// decodeStruct reads a mapping with the keys of the yaml tags. A text must not be empty,
// since that would look as if it were set.
func (f *file) decodeStruct(key string, node *yaml.Node, target reflect.Value) (map[string]int, error) {
	fields := make(map[string]reflect.Value)
	for field, value := range target.Fields() {
		if name := field.Tag.Get("yaml"); name != "" {
			fields[name] = value
		}
	}
	return f.entries(key, node, slices.Sorted(maps.Keys(fields)), func(name string, value *yaml.Node) error {
		err := f.decode(key+"."+name, value, fields[name])
		if err == nil && fields[name].Kind() == reflect.String && fields[name].Len() == 0 {
			return f.errorf(value, "%s.%s: empty; remove the key to leave it to the profile", key, name)
		}
		return err
	})
}

// want says in words what a setting of type typ takes.
func want(typ reflect.Type) string {
	switch {
	case typ == reflect.TypeFor[time.Duration]():
		return "a duration above 0, such as 90m or 25h"
	case typ == reflect.TypeFor[Size]():
		return sizeForm
	case typ.Kind() == reflect.Bool:
		return "true or false"
	case typ.Kind() == reflect.Int || typ.Kind() == reflect.Int64:
		return "a whole number"
	case typ.Kind() == reflect.Float64:
		return "a number"
	}
	return "a single value"
}
