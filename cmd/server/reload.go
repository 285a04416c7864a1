package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/config"
	"todomanager/internal/todos"
)

// operatorSignals is how an operator reaches a running server. The zero value is nobody.
type operatorSignals struct {
	reload  <-chan os.Signal               // read the configuration again
	verbose <-chan os.Signal               // switch the level: everything, or as configured
	read    func() (*config.Server, error) // the configuration, as at the start
	level   *slog.LevelVar                 // of the log
}

// readAgain reads command line, environment and file as the start did.
func (args arguments) readAgain() (*config.Server, error) {
	again := new(commands)
	_, err := again.parse(args, io.Discard)
	return &again.Serve.Server, err
}

// obey does what an operator asks for, one thing after the other, until ctx ends. It is the
// only one that changes the current configuration, and runs its verifiers.
func (s *service) obey(ctx context.Context, by operatorSignals) {
	running := verifiers{stops: make(map[*auth.Verifier]context.CancelFunc)}
	defer running.wait()
	for {
		running.follow(ctx, s.current.Load().sites)
		select {
		case <-ctx.Done():
			return
		case <-by.verbose:
			by.toggle(s.logger, s.current.Load().LogLevel)
		case <-by.reload:
			s.systemd.reloading()
			if err := s.reload(ctx, by); err != nil {
				s.logger.Error("the configuration was not reloaded and everything stays as it was: fix it, then send SIGHUP again", "err", err)
			}
			s.systemd.ready(s.status())
		}
	}
}

// verifiers are those whose keys are kept fresh.
type verifiers struct {
	stops map[*auth.Verifier]context.CancelFunc
	all   sync.WaitGroup
}

// follow starts and stops verifiers so that those of the sites run.
func (v *verifiers) follow(ctx context.Context, s sites) {
	wanted := s.verifiers()
	for verifier, stop := range v.stops {
		if !slices.Contains(wanted, verifier) {
			stop()
			delete(v.stops, verifier)
		}
	}
	for _, verifier := range wanted {
		if v.stops[verifier] == nil {
			ctx, stop := context.WithCancel(ctx)
			v.stops[verifier] = stop
			v.all.Go(func() { verifier.Run(ctx) })
		}
	}
}

func (v *verifiers) wait() {
	for _, stop := range v.stops {
		stop()
	}
	v.all.Wait()
}

// reload takes on the configuration as it is now: all of it, or if it fails nothing. What
// needs a restart is told and left as it was.
func (s *service) reload(ctx context.Context, by operatorSignals) error {
	before := s.current.Load()
	read, err := by.read()
	if err != nil {
		return err
	}
	adopted, changed, restart, err := before.Adopt(read)
	if err != nil {
		return err
	}
	next, err := s.configure(adopted, before)
	if err != nil {
		return err
	}
	if err := s.connect(next); err != nil {
		return err
	}
	c := compare(before, next, changed)
	if c.Settings != nil {
		if err := s.record(ctx, c); err != nil {
			return fmt.Errorf("its row in the audit log cannot be written: %w", err)
		}
		s.current.Store(next)
	}
	for _, name := range restart {
		s.logger.Warn("this setting cannot change while the server runs: restart the server to apply it", "setting", name)
	}
	by.reloaded(s.logger, next.LogLevel, before.LogLevel, c)
	s.warnOfExpiry()
	return nil
}

// changes are the details column of config.reload: names, never values.
type changes struct {
	Settings []string `json:"settings"` // nil if nothing changed
	Added    []string `json:"issuers_added,omitempty"`
	Removed  []string `json:"issuers_removed,omitempty"`
}

// compare adds what changed in the files that settings name to the settings themselves.
func compare(before, next *configured, changed []string) changes {
	if !sameCertificate(before.certificate, next.certificate) && !slices.Contains(changed, "tls-cert") {
		changed = append(changed, "tls-cert")
	}
	kept := before.sites.verifiers()
	replaced := slices.ContainsFunc(next.sites.verifiers(), func(v *auth.Verifier) bool { return !slices.Contains(kept, v) })
	if replaced && !slices.ContainsFunc(changed, func(name string) bool { return slices.Contains([]string{"issuer", "audience", "public-url"}, name) }) {
		changed = append(changed, "issuer") // a client's secret
	}
	c := changes{Settings: changed}
	was, is := before.sites.issuers(), next.sites.issuers()
	for _, url := range is {
		if !slices.Contains(was, url) {
			c.Added = append(c.Added, url)
		}
	}
	for _, url := range was {
		if !slices.Contains(is, url) {
			c.Removed = append(c.Removed, url)
		}
	}
	return c
}

// record writes the row without which a reload does not happen.
func (s *service) record(ctx context.Context, c changes) error {
	return s.store.Write(ctx, func(tx todos.Tx) error {
		return tx.Record(audit.Event{Kind: audit.ConfigReload, Decision: audit.Allow, Reason: audit.ReasonOK, Details: c})
	})
}
