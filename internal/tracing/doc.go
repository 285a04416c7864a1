// Package tracing sends spans to an OpenTelemetry collector, for those who look for where the
// time of a request goes. Nothing in a span names a person, a todo or a token: what is
// in one comes from closed lists and from the configuration, never from a client, but for
// the ids of the trace that a client says it is in.
//
// The parts of the server know nothing of it; cmd/server puts it around them. A nil
// [*Tracing] is what there is without an endpoint: it puts nothing around anything.
//
// What receives the spans can be slow, broken or away: spans wait in a queue of fixed size,
// those that find it full are dropped, and a request waits for none of this.
package tracing
