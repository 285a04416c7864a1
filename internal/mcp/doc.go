// Package mcp is the door through which MCP clients come: the Model Context Protocol
// over streamable HTTP, one stateless endpoint for the protocol versions 2026-07-28,
// 2025-11-25 and 2025-06-18.
//
// A door only translates: bytes into a tool and its arguments, a result into bytes, the
// service's errors into a tool error, a JSON-RPC error or an HTTP answer. It makes no
// access decision. What is recorded here is only what cannot reach the service: a tool
// that does not exist, arguments that cannot be decoded, a panic of the door itself.
//
// A request passes [Handler], which reads the body and takes a place (places.go). A plain
// call of a tool, which is nearly all that clients send, goes from there straight to the
// tool's file (direct.go): the SDK would do the same, at ten times the cost. Everything else
// passes the envelope check (envelope.go), the SDK and guard (one row for each tools/call
// and prompts/get) to the tool's file (create.go, get.go, delete.go, auditlog.go) or the
// prompt's (plan.go). What exactly is plain is in plaincall.go. Both doors share all from
// the arguments to the result.
//
// Some answers are HTTP's rather than JSON-RPC's: a missing scope is a 403 with a
// challenge (RFC 6750 section 3.1), so that clients can ask the person for more. They are
// what the service made of the call, never decided by looking at the body in front of
// the SDK, and put in place of the SDK's answer by a ResponseWriter (exchange.go).
package mcp
