package httpserver

import (
	"bytes"
	"log"
	"log/slog"
)

// errorLog passes on what net/http reports: failed TLS handshakes, which anybody
// can cause at will, at debug, the rest as a warning.
func errorLog(logger *slog.Logger) *log.Logger { return log.New(errorWriter{logger}, "", 0) }

type errorWriter struct{ logger *slog.Logger }

func (w errorWriter) Write(line []byte) (int, error) {
	report := w.logger.Warn
	if bytes.HasPrefix(line, []byte("http: TLS handshake error")) {
		report = w.logger.Debug
	}
	report("http server", "report", string(bytes.TrimSpace(line)))
	return len(line), nil
}
