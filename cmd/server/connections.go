package main

import "log/slog"

const (
	// opsConnections bounds those of the operations listener, which are few.
	opsConnections = 64
	// otherDescriptors is what the process needs besides connections to its main listener:
	// the database's files for each of its connections, the operations listener, requests
	// to issuers, of which 64 may be under way, and its log.
	otherDescriptors = 200
)

// connections is how many the main listener may have open, so that descriptors are left
// for the database: a call that cannot be recorded is a call that cannot be made.
func connections(wanted int, descriptors uint64, logger *slog.Logger) int {
	if descriptors == 0 {
		return wanted
	}
	room := max(descriptors/2, descriptors-min(descriptors, otherDescriptors))
	if uint64(wanted) <= room { //nolint:gosec // at least 1
		return wanted
	}
	logger.Warn("this process may have too few descriptors for --max-connections; raise ulimit -n, or LimitNOFILE of its unit",
		"descriptors", descriptors, "max_connections", wanted, "used", room)
	return int(room) //nolint:gosec // smaller than wanted
}
