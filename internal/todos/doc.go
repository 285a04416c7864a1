// Package todos holds the product: what a todo is, who may do what with it, and the
// one place where that is decided, done and recorded.
//
// [Service] has one method a tool. Each takes the caller as an argument and goes the
// same way, whatever door the call came through: validate, decide on rows read in the
// transaction, change, record, commit. A door cannot skip a check, because no check is
// made outside this package.
//
// The rules are in policy.go. Nothing here knows about HTTP, MCP or SQL; the database
// is behind [Store].
package todos
