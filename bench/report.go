package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// opNames are the ops in the order of the rows.
var opNames = []string{"create", "get of 10", fullPage, "create and delete", "mix 70/20/10"}

// measured is one round.
type measured struct {
	requests int64
	length   time.Duration
	cpu      time.Duration // of the server
	took     []time.Duration
}

// cell is the median of a server's rounds.
type cell struct {
	server   string
	rate     float64 // requests a second
	cpu      float64 // microseconds a request
	p50, p99 float64 // milliseconds
}

// row is what the servers came to with one op and so many callers.
type row struct {
	op      string
	callers int
	cells   []cell
}

// table is a run on a database of one size.
type table struct {
	todos  int
	rows   []row
	memory []string
}

// report is the whole of a run.
type report struct {
	tables []table
	growth []row // a cell for each size
	starts string
	floors []string
}

func cellOf(server string, rounds []measured) cell {
	median := func(of func(measured) float64) float64 {
		var values []float64
		for _, m := range rounds {
			values = append(values, of(m))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	quantile := func(q float64) func(measured) float64 {
		return func(m measured) float64 {
			slices.Sort(m.took)
			if len(m.took) == 0 {
				return 0
			}
			return float64(m.took[int(q*float64(len(m.took)-1))]) / 1e6
		}
	}
	return cell{
		server: server,
		rate:   median(func(m measured) float64 { return float64(m.requests) / m.length.Seconds() }),
		cpu:    median(func(m measured) float64 { return float64(m.cpu.Microseconds()) / float64(max(1, m.requests)) }),
		p50:    median(quantile(0.5)),
		p99:    median(quantile(0.99)),
	}
}

func (r row) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-18s c=%-3d", r.op, r.callers)
	for _, c := range r.cells {
		fmt.Fprintf(&b, "  %s %.0f/s", c.server, c.rate)
	}
	return b.String()
}

// echo returns the rate of the bare echo on the same SDK, in turns beside the others.
func (r row) echo() float64 {
	for _, c := range r.cells {
		if c.server == sdkEcho {
			return c.rate
		}
	}
	return 0
}

// markdown returns the tables.
func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Go %s, %s/%s, %d CPUs, %s.\n", strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().UTC().Format(time.DateOnly))
	for _, t := range r.tables {
		fmt.Fprintf(&b, "\n### %d todos in the database\n\n| what | callers | server | requests/s | against the echo | CPU µs | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|---|\n", t.todos)
		for _, row := range t.rows {
			for _, c := range row.cells {
				against := "–"
				if echo := row.echo(); echo > 0 {
					against = fmt.Sprintf("%.2f×", c.rate/echo)
				}
				fmt.Fprintf(&b, "| %s | %d | %s | %.0f | %s | %.0f | %.2f | %.2f |\n", row.op, row.callers, c.server, c.rate, against, c.cpu, c.p50, c.p99)
			}
		}
		fmt.Fprintf(&b, "\nMemory at the end (RSS, MiB): %s.\n", strings.Join(t.memory, ", "))
	}
	if len(r.growth) > 0 {
		b.WriteString("\n### Among few and many todos of others\n\n| what, 16 callers | others' todos | requests/s | CPU µs | against the fewest | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|\n")
		for _, row := range r.growth {
			for _, c := range row.cells {
				fmt.Fprintf(&b, "| %s | %s | %.0f | %.0f | %.2f× | %.2f | %.2f |\n", row.op, c.server, c.rate, c.cpu, c.cpu/row.cells[0].cpu, c.p50, c.p99)
			}
		}
	}
	if r.starts != "" {
		fmt.Fprintf(&b, "\n### Start\n\n%s\n", r.starts)
	}
	if len(r.floors) > 0 {
		fmt.Fprintf(&b, "\n### What it rests on\n\n%s\n", strings.Join(r.floors, "\n"))
	}
	return b.String()
}

const begin, end = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"

// write puts the tables into performance.md, between two marks, and the plot beside it.
func (r report) write(folder string) error {
	name := filepath.Join(folder, "performance.md")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s does not have the lines %q and %q", name, begin, end)
	}
	if err := os.WriteFile(name, []byte(head+begin+"\n"+r.markdown()+"\n"+end+tail), 0o644); err != nil { //nolint:gosec // a page for everybody
		return err
	}
	return os.WriteFile(filepath.Join(folder, "performance.svg"), []byte(r.tables[0].svg()), 0o644) //nolint:gosec // likewise
}

// svg draws a bar for each server and op at the highest number of callers.
func (t table) svg() string {
	most := slices.MaxFunc(t.rows, func(a, b row) int { return cmp.Compare(a.callers, b.callers) }).callers
	var rows []row
	highest := 0.0
	for _, r := range t.rows {
		if r.callers != most {
			continue
		}
		rows = append(rows, r)
		for _, c := range r.cells {
			if c.server != "net/http floor" {
				highest = max(highest, c.rate)
			}
		}
	}
	colors := map[string]string{"Todo Manager": "#2563eb", "Todo Manager, SDK only": "#93c5fd", sdkEcho: "#9ca3af", "mcp-go echo": "#d1d5db", "net/http floor": "#e5e7eb"}
	const left, width, bar = 150.0, 460.0, 18.0
	var b strings.Builder
	y := 40.0
	for _, r := range rows {
		fmt.Fprintf(&b, `<text x="8" y="%.0f" font-weight="bold">%s</text>`+"\n", y+13, r.op)
		for _, c := range r.cells {
			w := min(c.rate/highest, 1) * width
			more := ""
			if c.rate > highest {
				more = " (cut off)"
			}
			fmt.Fprintf(&b, `<rect x="%.0f" y="%.0f" width="%.1f" height="%.0f" fill="%s"/><text x="%.1f" y="%.0f">%s %.0f/s%s</text>`+"\n",
				left, y, w, bar-3, colors[c.server], left+w+6, y+12, c.server, c.rate, more)
			y += bar
		}
		y += 10
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="860" height="%.0f" font-family="sans-serif" font-size="12" fill="#374151">
<rect width="100%%" height="100%%" fill="#ffffff"/>
<text x="8" y="22" font-size="15">Requests a second on one core, %d connections, %d todos; every call of ours verified, durable and audited</text>
%s</svg>
`, y+8, most, t.todos, b.String())
}
