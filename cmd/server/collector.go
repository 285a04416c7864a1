package main

import (
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// collectAt is by how many percent the heap of a service grows before it is collected. What
	// lives is some MiB, which Go's own 100 would have collected hundreds of times a second under
	// load, for a saving of as little.
	collectAt = 200
	// goShare is the part of the memory that the process may have which Go may fill. SQLite's
	// caches and the program itself are not in it; they take some 35 MiB.
	goShare = 0.7
)

// tuneCollector says when memory is collected, unless the operator has a say (GOGC,
// GOMEMLIMIT). The limit is that of the cgroup: a container's, or MemoryMax of a unit. As
// the heap comes near its share it is collected more often, rather than the process killed.
func tuneCollector(limit memlimit.Provider, logger *slog.Logger) {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(collectAt)
	}
	// Its error says that there are no cgroups here, or no limit.
	if bytes, err := memlimit.Set(memlimit.WithProvider(limit), memlimit.WithRatio(goShare)); err == nil {
		logger.Debug("the heap is collected more often when it comes near a limit", "bytes", bytes)
	}
}
