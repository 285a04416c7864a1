package main

import (
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// collectAt is the growth, in percent, after which the heap is collected. The live heap is a
	// few MiB: Go's own 100 would collect it hundreds of times a second under load, to save as
	// few.
	collectAt = 200
	// goShare is the part of the process's memory limit that Go may fill. SQLite's caches and
	// the program itself, some 35 MiB, are outside it.
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
