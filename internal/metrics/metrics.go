// Package metrics counts what the server does, for Prometheus. Nothing in it names a
// person, a todo or a token: whoever may see the numbers need not be trusted with more.
//
// The parts of the server know nothing of it. They have options that are called with what
// happens, and cmd/server gives them the methods of a [Metrics].
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// namespace begins all names.
const namespace = "todomanager"

// Metrics are the server's. They are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	requests *prometheus.CounterVec
	group    prometheus.Histogram
	commit   prometheus.Histogram
	failed   *prometheus.CounterVec
}

// New returns metrics that are all zero, with those of the Go runtime and the process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "calls_total", Help: "Calls of tools and prompts that have a row in the audit log.",
		}, []string{"tool", "decision", "reason"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "call_duration_seconds", Help: "From the arrival of a call to its durable row.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14), // to 4 s
		}, []string{"tool"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "refused_total", Help: "Requests refused before they became a call: token.rejected, rate.limited, request.refused.",
		}, []string{"event", "reason"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "http_requests_total", Help: "Answers by their HTTP status, 0 for none at all; probes are not counted.",
		}, []string{"status"}),
		group: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "commit_group_size", Help: "Calls that share a transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 8), // to 128
		}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "commit_duration_seconds", Help: "From the beginning of a transaction to its end on the disk.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "commits_failed_total", Help: "Transactions that were lost (nothing was changed) or whose outcome is unknown.",
		}, []string{"outcome"}),
	}
	for _, outcome := range []string{"lost", "unknown"} { // see Expect
		m.failed.WithLabelValues(outcome)
	}
	m.registry.MustRegister(m.calls, m.duration, m.refused, m.requests, m.group, m.commit, m.failed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers with all of them in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, EnableOpenMetrics: true})
}

// Call counts a call whose row is durable. The labels are of closed lists.
func (m *Metrics) Call(tool, decision, reason string, took time.Duration) {
	m.calls.WithLabelValues(tool, decision, reason).Inc()
	m.duration.WithLabelValues(tool).Observe(took.Seconds())
}

// Expect shows a count of calls before there is one. Prometheus sees no increase where a series
// begins with 1: an alert about what should never happen would miss the first time.
func (m *Metrics) Expect(tool, decision, reason string) {
	m.calls.WithLabelValues(tool, decision, reason)
}

// Refused counts what was refused before it became a call.
func (m *Metrics) Refused(event, reason string) { m.refused.WithLabelValues(event, reason).Inc() }

// Request counts an answer; status 0 is none at all.
func (m *Metrics) Request(status int) { m.requests.WithLabelValues(strconv.Itoa(status)).Inc() }

// Committed notes a transaction of so many calls.
func (m *Metrics) Committed(calls int, took time.Duration) {
	m.group.Observe(float64(calls))
	m.commit.Observe(took.Seconds())
}

// Failed notes a transaction that was lost, or whose outcome is unknown.
func (m *Metrics) Failed(outcome string) { m.failed.WithLabelValues(outcome).Inc() }

// Gauge adds a value that is read when somebody looks. Read must not block.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, read))
}

// Gauges is Gauge for as many values as there are at the time, each with its value of a label.
func (m *Metrics) Gauges(name, help, label string, read func() map[string]float64) {
	m.registry.MustRegister(gauges{prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, []string{label}, nil), read})
}

// gauges is a [prometheus.Collector].
type gauges struct {
	desc *prometheus.Desc
	read func() map[string]float64
}

// Describe says which metric it is.
func (g gauges) Describe(to chan<- *prometheus.Desc) { to <- g.desc }

// Collect reads all values.
func (g gauges) Collect(to chan<- prometheus.Metric) {
	for label, value := range g.read() {
		to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, value, label)
	}
}

// Counter is Gauge for what only rises.
func (m *Metrics) Counter(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, read))
}
