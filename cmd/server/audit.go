package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

type auditCommand struct {
	List   auditListCommand   `cmd:"" help:"Print audit rows, oldest first. Works beside a running server and changes no data. Exit code 3: --scan-time ran out."`
	Export auditExportCommand `cmd:"" help:"Copy rows into segments that can be verified without the database. Continues where the last export ended."`
	Prune  auditPruneCommand  `cmd:"" help:"Remove the oldest rows, beside a running server, once they are verified and archived."`
	Stats  auditStatsCommand  `cmd:"" help:"Sum up the log: decisions by tool and day, refusals, busiest people, size and growth."`
	Verify auditVerifyCommand `cmd:"" help:"Prove that the log was not changed, or say what was. Exit code: 0 intact, 3 proof is missing, 4 tampered with."`
}

// since is a point in time, or a distance back from now.
type since struct {
	time time.Time
	back time.Duration
}

// UnmarshalText reads a duration (with d for days), a date, or an RFC 3339 time.
func (s *since) UnmarshalText(text []byte) (err error) {
	value := string(text)
	if days, isDays := strings.CutSuffix(value, "d"); isDays {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n > 0 {
			s.back = time.Duration(n) * 24 * time.Hour
			return nil
		}
	}
	if s.back, err = time.ParseDuration(value); err == nil && s.back > 0 {
		return nil
	}
	s.back = 0
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if s.time, err = time.Parse(layout, value); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is not a time: use 90m, 24h, 7d, 2006-01-02 or 2006-01-02T15:04:05Z", value)
}

// before returns the point in time, seen from now; zero if none was given.
func (s since) before(now time.Time) time.Time {
	if s.back > 0 {
		return now.Add(-s.back)
	}
	return s.time
}
