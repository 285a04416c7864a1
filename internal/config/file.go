package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v4"
)

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// file is the configuration file: a mapping of settings, empty until it is loaded. It is read node by node, so anchors are never expanded.
type file struct {
	name   string
	values map[string]any
	lines  map[string]int // of the values
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
		return fileError(err)
	}
	f.completeIssuers(ctx)
	return nil
}

func fileError(err error) error {
	return &Error{fmt.Errorf("--config (variable TODO_CONFIG): %w", err)}
}

// completeIssuers lets a flag or variable name issuers by URL alone: each keeps the entry
// that the file has for it. At this point flags hold what does not come from the file.
func (f *file) completeIssuers(ctx *kong.Context) {
	for _, flag := range ctx.Flags() {
		if named, ok := ctx.FlagValue(flag).(Issuers); ok {
			entries, _ := f.values[flag.Name].(Issuers)
			named.complete(entries)
		}
	}
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
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w; let the user that runs this read the file", err)
	}
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
	root, err := f.document(text)
	if err != nil || root == nil {
		return err
	}
	f.values = make(map[string]any)
	f.lines, err = f.entries("", root, slices.Sorted(maps.Keys(types)), func(name string, node *yaml.Node) error {
		value := reflect.New(types[name]).Elem()
		if err := f.decode(name, node, value); err != nil {
			return err
		}
		f.values[name] = value.Interface()
		return nil
	})
	return err
}

// document returns the node of a file's one document, or nil for a file without content.
func (f *file) document(text []byte) (*yaml.Node, error) {
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
	return root, nil
}

// entries calls add for each entry of the mapping that is the value of a key (empty for
// the whole file) and returns the lines they are on. Names must be among the known ones,
// unless those are nil, and be given once.
func (f *file) entries(key string, node *yaml.Node, known []string, add func(string, *yaml.Node) error) (map[string]int, error) {
	prefix := ""
	if key != "" {
		prefix = key + ": "
	}
	if node.Kind != yaml.MappingNode {
		return nil, f.errorf(node, "%swant lines of the form `key: value`", prefix)
	}
	lines := make(map[string]int)
	for i := 0; i+1 < len(node.Content); i += 2 {
		at, name := node.Content[i], node.Content[i].Value
		switch first, dup := lines[name]; {
		case at.Kind != yaml.ScalarNode || name == "":
			return nil, f.errorf(at, "%sa key must be plain text", prefix)
		case known != nil && !slices.Contains(known, name):
			return nil, f.errorf(at, "%sunknown key %.64q; the nearest known key is %q", prefix, name, Nearest(name, known))
		case dup:
			return nil, f.errorf(at, "%skey %.64q is given twice (first on line %d); keep one", prefix, name, first)
		}
		if err := add(name, node.Content[i+1]); err != nil {
			return nil, err
		}
		lines[name] = at.Line
	}
	return lines, nil
}

// Validate implements kong.Resolver; load has checked everything.
func (f *file) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. It offers nothing for a flag whose variable
// is set, since kong would let it override the variable, nor for one that has none: that
// is an argument of a command, which may have the name of a setting.
func (f *file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if len(flag.Envs) == 0 || slices.ContainsFunc(flag.Envs, isSet) {
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
