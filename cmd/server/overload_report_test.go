package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// overloadReport writes what TestOverload found into the documentation.
type overloadReport struct {
	rounds [][]point // each has one for each of [overloadFactors]
	pinned bool
	name   string // of what was called for: there is a table and a plot for each
}

// figures are those of all rounds at one of [overloadFactors], in ascending order.
func (r overloadReport) figures(factor int, figure func(point) float64) (list []float64) {
	for _, points := range r.rounds {
		list = append(list, figure(points[factor]))
	}
	slices.Sort(list)
	return list
}

func (r overloadReport) least(factor int, figure func(point) float64) float64 {
	return slices.Min(r.figures(factor, figure))
}

func (r overloadReport) median(factor int, figure func(point) float64) float64 {
	return r.figures(factor, figure)[len(r.rounds)/2]
}

func (r overloadReport) most(factor int, figure func(point) float64) float64 {
	return slices.Max(r.figures(factor, figure))
}

// marks stand in docs/overload.md around what is written here.
func (r overloadReport) marks() (begin, end string) {
	return "<!-- measured " + r.name + ": begin -->\n", "<!-- measured " + r.name + ": end -->"
}

func (r overloadReport) write(folder string) error {
	page := filepath.Join(folder, "overload.md")
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	begin, end := r.marks()
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+r.table()+end+after), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "overload-"+r.name+".svg"), []byte(r.plot()), 0o600)
}

func (r overloadReport) table() string {
	var b strings.Builder
	where := "server and generator share the processors"
	if r.pinned {
		where = "the server has a processor of its own"
	}
	fmt.Fprintf(&b, "Rounds: %d. Capacity with 64 clients that wait for their answers: %s; %s.\n\n", len(r.rounds), r.capacities(), where)
	b.WriteString("| due | sent, calls/s | answered in 10 s, calls/s | of the capacity | least | later, most | 503, most | lost, most | p50 | p99 | p99 of a 503, most | server's CPU a call | memory |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for i, factor := range overloadFactors {
		share := func(p point) float64 { return 100 * p.share() }
		fmt.Fprintf(&b, "| %.2f× | %.0f | %.0f | %.0f %% | %.0f %% | %.0f | %.0f | %.0f | %s | %s | %s | %.0f µs | %.0f MiB |\n", factor,
			r.median(i, func(p point) float64 { return p.offered }),
			r.median(i, point.goodput),
			r.median(i, share), r.least(i, share),
			r.most(i, func(p point) float64 { return float64(p.late) }),
			r.most(i, func(p point) float64 { return float64(p.shed) }),
			r.most(i, func(p point) float64 { return float64(p.lost) }),
			milliseconds(r.median(i, func(p point) float64 { return p.p50.Seconds() })),
			milliseconds(r.median(i, func(p point) float64 { return p.p99.Seconds() })),
			milliseconds(r.most(i, func(p point) float64 { return p.shed99.Seconds() })),
			r.median(i, func(p point) float64 { return float64(p.cpu.Microseconds()) }),
			r.median(i, func(p point) float64 { return float64(p.memory) }))
	}
	return b.String()
}

// capacities says how far the machine's speed changed while it was measured.
func (r overloadReport) capacities() string {
	var list []float64
	for _, p := range slices.Concat(r.rounds...) {
		list = append(list, p.capacity)
	}
	slices.Sort(list)
	return fmt.Sprintf("%.0f calls a second (%.0f to %.0f)", list[len(list)/2], list[0], list[len(list)-1])
}

func milliseconds(seconds float64) string {
	if seconds == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f ms", 1000*seconds)
}

// plot draws goodput and refusals over what is due, all as multiples of the capacity.
func (r overloadReport) plot() string {
	const width, height, left, bottom = 640, 360, 60, 310
	x := func(factor float64) float64 { return left + factor*110 }
	y := func(factor float64) float64 { return bottom - factor*55 }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for i := range 6 {
		fmt.Fprintf(&b, `<path d="M%g %g V%g M%g %g H%g" stroke="#ddd" fill="none"/>`+"\n", x(float64(i)), y(0), y(5), x(0), y(float64(i)), x(5))
		fmt.Fprintf(&b, `<text x="%g" y="%d" text-anchor="middle">%d×</text><text x="%d" y="%g" text-anchor="end">%d×</text>`+"\n",
			x(float64(i)), bottom+18, i, left-8, y(float64(i))+4, i)
	}
	fmt.Fprintf(&b, `<text x="%g" y="%d" text-anchor="middle">due, as multiples of the capacity</text>`+"\n", x(2.5), bottom+38)
	for n, line := range []struct {
		name, color string
		value       func(point) float64
	}{
		{"answered within 10 s", "#0a7d33", point.share},
		{"503 at once", "#b3261e", func(p point) float64 { return float64(p.shed) / p.seconds / p.capacity }},
	} {
		var path strings.Builder
		for i, factor := range overloadFactors {
			fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], x(factor), y(r.median(i, line.value)))
		}
		fmt.Fprintf(&b, `<path d="%s" stroke="%s" stroke-width="2" fill="none"/><text x="%d" y="%d" fill="%s">%s</text>`+"\n",
			path.String(), line.color, left+12, 50+18*n, line.color, line.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
