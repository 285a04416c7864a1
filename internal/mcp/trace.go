package mcp

import "regexp"

// traceparent is the W3C trace context's field of that name; its group is the trace id.
// Versions above 00 may have more behind it.
var traceparent = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-|$)`)

// noTrace is the trace id that means none.
const noTrace = "00000000000000000000000000000000"

// traceID returns the trace that the client says a call belongs to, empty if it does not
// (MCP 2026-07-28, _meta: the keys of the W3C trace context).
func traceID(meta map[string]any) string {
	field, _ := meta["traceparent"].(string)
	if len(field) > 256 {
		return ""
	}
	found := traceparent.FindStringSubmatch(field)
	if found == nil || found[1] == noTrace {
		return ""
	}
	return found[1]
}
