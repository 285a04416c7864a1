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

// traceparent returns where in a trace the client says a call belongs, and the trace's id;
// both are empty if it does not (MCP 2026-07-28, _meta: the keys of the W3C trace context).
func traceparent(meta map[string]any) (field, id string) {
	field, _ = meta["traceparent"].(string)
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
