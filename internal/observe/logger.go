package observe

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// NewLogger returns a logger that writes to w: tinted lines if terminal is true
// (without colour where NO_COLOR is set or TERM is dumb), else one JSON object a
// line. The level can be changed while it runs. Values of types that print their
// inner fields, such as structs and maps, are logged as their type only.
func NewLogger(w io.Writer, level *slog.LevelVar, terminal bool) *slog.Logger {
	if !terminal {
		json := slog.NewJSONHandler(escaper{w}, &slog.HandlerOptions{Level: level, ReplaceAttr: redact})
		return slog.New(handler{json})
	}
	return slog.New(handler{tint.NewTextHandler(w, &tint.Options{
		Level: level,
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			return visible(redact(groups, attr))
		},
		NoColor: os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb",
	})})
}

// Terminal reports whether w is a terminal.
func Terminal(w io.Writer) bool {
	file, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd()))
}

// handler adds the request id and the trace id of the context to every record, within
// the groups the logger has opened.
type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	if id := RequestID(ctx); id != "" {
		record = record.Clone()
		record.AddAttrs(slog.String("request_id", id))
		if trace := TraceID(ctx); trace != "" {
			record.AddAttrs(slog.String("trace_id", trace))
		}
	}
	return h.Handler.Handle(ctx, record)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name)}
}
