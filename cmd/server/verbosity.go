package main

import (
	"log/slog"
)

// toggle switches to debug; if that is on already, back to the configured level, or to
// info where debug is configured.
func (by operatorSignals) toggle(logger *slog.Logger, configured string) {
	to := slog.LevelDebug
	if by.level.Level() == to {
		if to = parseLevel(configured); to == slog.LevelDebug {
			to = slog.LevelInfo
		}
	}
	by.setLevel(logger, to, "SIGUSR1", func() {})
}

// reloaded tells of a reload at the more talkative of the two levels. A level that the
// configuration has as before stays as it is, whoever set it.
func (by operatorSignals) reloaded(logger *slog.Logger, level, before string, c changes) {
	to := by.level.Level()
	if level != before {
		to = parseLevel(level)
	}
	by.setLevel(logger, to, "reload", func() {
		logger.Info("configuration reloaded", "changed", c.Settings, "issuers_added", c.Added, "issuers_removed", c.Removed)
	})
}

// setLevel changes the level and says so, which is seen at either level. Tell is called at
// the more talkative one.
func (by operatorSignals) setLevel(logger *slog.Logger, to slog.Level, cause string, tell func()) {
	from := by.level.Level()
	by.level.Set(min(from, to))
	if from != to {
		logger.Warn("log level changed", "from", from, "to", to, "by", cause)
	}
	tell()
	by.level.Set(to)
}

// parseLevel reads a level that the configuration has checked.
func parseLevel(text string) (level slog.Level) {
	_ = level.UnmarshalText([]byte(text))
	return level
}
