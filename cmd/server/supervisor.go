package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// supervisor is systemd, when it started this process and wants to hear from it
// (Type=notify). Where nobody does, its methods do nothing.
type supervisor struct{ logger *slog.Logger }

// ready says that the listeners are bound, or that a reload has ended, well or not.
// status is for people who ask "systemctl status".
func (s supervisor) ready(status string) { s.tell(daemon.SdNotifyReady, "STATUS="+status) }

// reloading says that the configuration is read again; ready must follow. systemd tells by
// the time whether that is the answer to its own request.
func (s supervisor) reloading() {
	s.tell(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
}

// stopping says that the end was asked for and requests in flight are being finished.
func (s supervisor) stopping() {
	s.tell(daemon.SdNotifyStopping, "STATUS=Stopping: finishing the requests in flight")
}

// watch tells systemd twice in each watchdog interval that the service lives, until the
// function that it returns is called. It says so only after alive has: what systemd does
// not hear it restarts. alive must return when its context ends.
func (s supervisor) watch(ctx context.Context, alive func(context.Context) error) (stop func()) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.logger.Warn("systemd's watchdog gets no answer and will end this process: WATCHDOG_USEC is not a number", "err", err)
	}
	if interval == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(interval / 2)
		defer tick.Stop()
		for ctx.Err() == nil {
			s.pat(ctx, interval/2, alive)
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	})
	return func() { cancel(); watching.Wait() }
}

// pat tells systemd that the service lives, if that shows within the given time.
func (s supervisor) pat(ctx context.Context, within time.Duration, alive func(context.Context) error) {
	ask, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	switch err := alive(ask); {
	case err == nil:
		s.tell(daemon.SdNotifyWatchdog)
	case ctx.Err() == nil:
		s.logger.Error("the database's writer makes no progress: unless it does soon, systemd restarts the service", "err", err)
	}
}

// tell sends lines to systemd, in one message. That nobody reads them stops no service.
func (s supervisor) tell(lines ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		s.logger.Warn("systemd cannot be told the state of the service", "message", lines[0], "err", err)
	}
}
