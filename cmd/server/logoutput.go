package main

import (
	"log/slog"
	"os/signal"
	"syscall"

	"todomanager/internal/observe"
)

// lastingLogger is the logger of a service. A service must outlast whatever reads its log:
// calls are answered and recorded in the database though the log is stuck or gone. It also
// returns what changes the level later.
func (s stdio) lastingLogger(level string) (*slog.Logger, *slog.LevelVar, *observe.Outlet, error) {
	signal.Ignore(syscall.SIGPIPE) // else the next line ends the process when a pipe's reader is gone
	outlet := observe.NewOutlet(s.err)
	logger, v, err := s.loggerTo(outlet, level)
	return logger, v, outlet, err
}

// countLost counts the lines that were lost.
func (s *service) countLost(outlet *observe.Outlet) {
	s.metrics.Counter("log_lines_lost_total", "Log lines lost because the log's output did not accept them.", func() float64 {
		return float64(outlet.Lost())
	})
}
