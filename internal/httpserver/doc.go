// Package httpserver is the HTTP edge: it listens, decides which requests may go
// further, and drains. It knows nothing of MCP or todos.
//
// [Routes] composes the way of a request:
//
//	shed (503 when full) → request id → Routes.Around → access log → recover
//	  /livez, /readyz
//	  Host allow-list → the sites of that host, each at its path:
//	    protected resource metadata (any origin)
//	    Origin allow-list of the site
//	      endpoint: POST → body limit → the handler given, which authenticates
//	                GET  → landing page for browsers, else 405
//	    anything else 404
//
// A [Site] is a public URL. One server has several where groups of people sign in with
// different authorization servers; they share everything behind authentication.
//
// Recover comes last of these so that its log line has the request id and the access
// log sees the 500 it writes; net/http itself catches what those before it might do.
//
// [Buckets.RateLimit] goes between authentication and the handler behind it. [Server]
// is a listener with limits and a graceful end. Every refusal is a constant JSON
// body written by auth.WriteError; nothing of a request is reflected.
package httpserver
