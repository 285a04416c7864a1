package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// figures are what must stay flat, or below a limit, after a warm-up: the median of the
// run's last quarter may exceed that of its first by a factor and an amount.
var figures = []figure{
	{name: "goroutines", metric: "go_goroutines", factor: 1.1, more: 20},
	{name: "descriptors", metric: "process_open_fds", factor: 1.1, more: 10},
	{name: "Go heap", metric: "go_memstats_heap_inuse_bytes", unit: 1 << 20, factor: 1.25, more: 8},
	{name: "resident", metric: "process_resident_memory_bytes", unit: 1 << 20, factor: 1.15, more: 16},
	{name: "WAL", metric: "todomanager_wal_bytes", unit: 1 << 20, limit: 64},
	{name: "writer queue", metric: "todomanager_writer_queue", limit: 256},
}

type figure struct {
	name, metric string
	unit         float64 // 0: 1
	factor, more float64
	limit        float64 // if set: that no sample may exceed, in place of the comparison
}

// meter reads the server's metrics every second.
type meter struct {
	*soak
	url     string
	samples []map[string]float64
}

func (m *meter) run() {
	for m.wait(min(time.Second, *soakFor/20)) {
		sample, err := m.read()
		if err != nil {
			m.fail("metrics: %v", err)
			return
		}
		m.samples = append(m.samples, sample)
	}
}

func (m *meter) read() (map[string]float64, error) {
	resp, err := http.Get(m.url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	sample := make(map[string]float64)
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			if sample[name], err = strconv.ParseFloat(value, 64); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range figures {
		if _, ok := sample[f.metric]; !ok {
			return nil, fmt.Errorf("there is no %s", f.metric)
		}
	}
	return sample, nil
}

// before and after are the medians of a figure in the first and the last quarter of what
// follows the warm-up, a sixth of the run.
func (m *meter) compare(f figure) (before, after, most float64) {
	unit := max(f.unit, 1)
	var values []float64
	for _, sample := range m.samples[len(m.samples)/6:] {
		values = append(values, sample[f.metric]/unit)
	}
	quarter := max(len(values)/4, 1)
	median := func(v []float64) float64 { return slices.Sorted(slices.Values(v))[len(v)/2] }
	return median(values[:quarter]), median(values[len(values)-quarter:]), slices.Max(values)
}

func (m *meter) check() {
	if len(m.samples) < 8 { // a short run on a machine that is busy with something else
		if m.Logf("only %d samples of the metrics: nothing to compare", len(m.samples)); *soakFor >= time.Minute {
			m.Fail()
		}
		return
	}
	for _, f := range figures {
		before, after, most := m.compare(f)
		switch {
		case f.limit > 0 && most > f.limit:
			m.Errorf("%s: up to %.1f, more than %.1f", f.name, most, f.limit)
		case f.limit == 0 && m.compared() && after > f.allowed(before):
			m.Errorf("%s: from %.1f to %.1f, more than %.1f", f.name, before, after, f.allowed(before))
		}
	}
}

// compared reports whether figures settle within the run. Slow and silent clients keep their
// connections for up to thirty seconds, so their number still rises in a short one.
func (m *meter) compared() bool { return *soakFor >= time.Minute }

func (f figure) allowed(before float64) float64 { return before*f.factor + f.more }

func (m *meter) table() string {
	if len(m.samples) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("figure          before    after  highest  allowed\n")
	for _, f := range figures {
		before, after, most := m.compare(f)
		allowed := fmt.Sprintf("%.1f", f.allowed(before))
		switch {
		case f.limit > 0:
			allowed = fmt.Sprintf("%.1f at any time", f.limit)
		case !m.compared():
			allowed = "-"
		}
		unit := ""
		if f.unit > 0 {
			unit = " MiB"
		}
		fmt.Fprintf(&b, "%-13s %8.1f %8.1f %8.1f  %s%s\n", f.name, before, after, most, allowed, unit)
	}
	return b.String()
}
