// Command bench measures Todo Manager beside what it is built on: a bare echo tool, and one that
// returns a page, on the same SDK; an echo on another SDK; and a handler of net/http that answers
// without looking. All of them run at the same time, each pinned to one core where the system can
// do that, and take turns in short rounds, so that what slows the machine slows all of them. The
// load comes from this process, on the other cores. Then it compares calls among few and among
// ten million todos of others, and times the start on a large database.
//
//	cd bench && go run . -write ../docs
//
// writes docs/performance.md and docs/performance.svg. The servers are programs of their own
// (echosdk, echomcpgo, floor), as short as their libraries allow.
package main
