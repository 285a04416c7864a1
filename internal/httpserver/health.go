package httpserver

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	livePath  = "/livez"
	readyPath = "/readyz"

	// checkTimeout bounds the checks of one /readyz, checkAge how long their
	// result stands: probes are unauthenticated and must not become load. A
	// failure stands shorter, so that recovery shows at once.
	checkTimeout = 2 * time.Second
	checkAge     = time.Second
	failureAge   = 100 * time.Millisecond
)

// Check is one condition of readiness.
type Check struct {
	// Name is shown to whoever asks /readyz, such as "database".
	Name string
	// Run returns nil if the condition holds. It must return when its context
	// ends. Its error goes to the log only.
	Run func(context.Context) error
}

// Health answers /livez, which says that the process serves requests, and
// /readyz, which says that all checks hold or, with 503, the names of those that
// do not. It is a handler for the operations listener; other paths get 404.
type Health struct {
	logger *slog.Logger
	checks []Check

	mu      sync.Mutex // held while checks run, so that they run once for all who wait
	checked time.Time
	failing []string
}

// NewHealth returns a Health over checks, which run concurrently. What fails is
// logged when the set of failing checks changes.
func NewHealth(logger *slog.Logger, checks ...Check) *Health {
	return &Health{logger: logger, checks: checks}
}

func (h *Health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.serve(w, r) {
		notFound(w, "")
	}
}

// serve answers a health request and reports whether r was one.
func (h *Health) serve(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != livePath && r.URL.Path != readyPath {
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		notAllowed(w, "GET, HEAD")
	case r.URL.Path == livePath:
		writeHealth(w, nil)
	default:
		writeHealth(w, h.ready(r.Context()))
	}
	return true
}

func writeHealth(w http.ResponseWriter, failing []string) {
	answer := struct {
		Status  string   `json:"status"`
		Failing []string `json:"failing,omitempty"`
	}{"ok", failing}
	status := http.StatusOK
	if len(failing) > 0 {
		answer.Status, status = "unavailable", http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

// ready returns the names of the failing checks, at most checkAge old if there are
// none, else failureAge.
func (h *Health) ready(ctx context.Context) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	age := checkAge
	if len(h.failing) > 0 {
		age = failureAge
	}
	if !h.checked.IsZero() && time.Since(h.checked) < age {
		return h.failing
	}
	// The result is for others too: it must not depend on this client waiting.
	failing, err := h.run(context.WithoutCancel(ctx))
	switch {
	case slices.Equal(failing, h.failing):
	case err == nil:
		h.logger.InfoContext(ctx, "ready again")
	default:
		h.logger.WarnContext(ctx, "not ready", "failing", strings.Join(failing, ", "), "err", err)
	}
	h.checked, h.failing = time.Now(), failing
	return failing
}

// run runs all checks and returns the names of those that fail and why.
func (h *Health) run(ctx context.Context) (failing []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	errs := make([]error, len(h.checks))
	var running sync.WaitGroup
	for i, check := range h.checks {
		running.Go(func() { errs[i] = check.Run(ctx) })
	}
	running.Wait()
	for i, err := range errs {
		if err != nil {
			failing = append(failing, h.checks[i].Name)
		}
	}
	return failing, errors.Join(errs...)
}
