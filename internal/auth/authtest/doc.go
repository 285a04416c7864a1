// Package authtest is an authorization server for tests, in process and on
// loopback. It issues good access tokens and, for those who test refusals, any
// other: every header, every claim, raw parts, foreign keys. Its keys rotate,
// it goes down and comes back, it serves garbage, and it counts who asks.
package authtest
