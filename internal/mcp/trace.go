package mcp

import (
	"context"
	"regexp"
)

// traceField is the W3C trace context's traceparent; its group is the trace id. Versions
// above 00 may have more behind it.
var traceField = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-|$)`)

// noTrace is the trace id that means none.
const noTrace = "00000000000000000000000000000000"

// fieldOf returns where in a trace a call says that it belongs (MCP 2026-07-28, _meta: the
// keys of the W3C trace context).
func fieldOf(meta map[string]any) string {
	field, _ := meta["traceparent"].(string)
	return field
}

// traceparent returns a good field with the id of its trace, or else nothing.
func traceparent(field string) (good, id string) {
	if len(field) > 256 {
		return "", ""
	}
	found := traceField.FindStringSubmatch(field)
	if found == nil || found[1] == noTrace {
		return "", ""
	}
	return field, found[1]
}

// untraced is [Options].Began where nothing is traced.
func untraced(ctx context.Context, _, _ string) (context.Context, string, func()) {
	return ctx, "", func() {}
}
