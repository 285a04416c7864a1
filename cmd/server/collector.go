package main

import (
	"os"
	"runtime/debug"
)

// collectAt is by how many percent the heap of a service grows before it is collected. What
// lives is some MiB, which Go's own 100 would have collected hundreds of times a second under
// load, for a saving of as little.
const collectAt = 200

// tuneCollector sets that unless the operator has a say (GOGC). A limit of memory (GOMEMLIMIT)
// counts above it.
func tuneCollector() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(collectAt)
	}
}
