package config

import (
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v4"
)

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// file is the configuration file: a flat mapping of settings, empty until it is
// loaded. It is read node by node, so anchors are never expanded.
type file struct {
	name   string
	lines  map[string]int
	values map[string]any
}

// load reads the file of the selected command's --config. kong calls it once for
// each element of the command line; the first is the application itself.
func (f *file) load(ctx *kong.Context, path *kong.Path) error {
	if path.App == nil {
		return nil
	}
	for _, flag := range ctx.Flags() {
		if flag.Name == "config" {
			f.name, _ = ctx.FlagValue(flag).(string)
		}
	}
	if f.name == "" {
		return nil
	}
	text, err := readFile(f.name)
	if err == nil {
		err = f.parse(text, settings(ctx.Model))
	}
	if err != nil {
		return &Error{fmt.Errorf("--config (variable TODO_CONFIG): %w", err)}
	}
	return nil
}

// settings returns all settings of all commands with their types: the flags
// with an environment variable. One file serves every command, so a key is
// known if any command has it.
func settings(app *kong.Application) map[string]reflect.Type {
	types := make(map[string]reflect.Type)
	_ = kong.Visit(app, func(v kong.Visitable, next kong.Next) error {
		if flag, ok := v.(*kong.Flag); ok && len(flag.Envs) > 0 && flag.Name != "config" {
			types[flag.Name] = flag.Target.Type()
		}
		return next(nil)
	})
	return types
}

func readFile(name string) ([]byte, error) {
	src, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w; name an existing YAML file or leave the setting out", err)
	}
	defer src.Close()
	text, err := io.ReadAll(io.LimitReader(src, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s: larger than %d bytes; this is no configuration file", name, maxFile)
	}
	return text, err
}

func (f *file) parse(text []byte, types map[string]reflect.Type) error {
	root, err := f.mapping(text)
	if err != nil || root == nil {
		return err
	}
	f.lines, f.values = make(map[string]int), make(map[string]any)
	for i := 0; i+1 < len(root.Content); i += 2 {
		if err := f.add(root.Content[i], root.Content[i+1], types); err != nil {
			return err
		}
	}
	return nil
}

// mapping returns the one mapping a file consists of, or nil for a file without
// content.
func (f *file) mapping(text []byte) (*yaml.Node, error) {
	var documents []yaml.Node
	if err := yaml.Load(text, &documents, yaml.WithAllDocuments()); err != nil {
		return nil, fmt.Errorf("%s: not valid YAML: %w", f.name, err)
	}
	switch {
	case len(documents) == 0:
		return nil, nil
	case len(documents) > 1:
		return nil, f.errorf(&documents[1], "a second YAML document; put all settings into the first")
	}
	root := &documents[0]
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		root = root.Content[0]
	}
	if isNull(root) {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, f.errorf(root, "want lines of the form `listen: 127.0.0.1:3001`")
	}
	return root, nil
}

func (f *file) add(key, value *yaml.Node, types map[string]reflect.Type) error {
	name := key.Value
	typ, known := types[name]
	if !known {
		near := nearest(name, slices.Sorted(maps.Keys(types)))
		return f.errorf(key, "unknown key %.64q; the nearest known key is %q", name, near)
	}
	if first, dup := f.lines[name]; dup {
		return f.errorf(key, "key %q is given twice (first on line %d); keep one", name, first)
	}
	decoded, err := decode(value, typ)
	if err != nil {
		return f.errorf(value, "%s: %w", name, err)
	}
	f.lines[name], f.values[name] = key.Line, decoded
	return nil
}

// Validate implements kong.Resolver; load has checked everything.
func (f *file) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. It offers nothing for a flag whose variable
// is set: kong would let it override the variable.
func (f *file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if slices.ContainsFunc(flag.Envs, isSet) {
		return nil, nil
	}
	return f.values[flag.Name], nil
}

func isSet(variable string) bool {
	_, ok := os.LookupEnv(variable)
	return ok
}

func (f *file) errorf(at *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", f.name, at.Line, fmt.Errorf(format, args...))
}
