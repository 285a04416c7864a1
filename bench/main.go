package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ownTodos is how many todos each of the measured people begins with.
const ownTodos = 500

// plan is what is measured, and how long.
type plan struct {
	rounds  int
	length  time.Duration // of a round of one server
	callers []int
	totals  []int // todos in the database
	others  []int // other people's todos
	logRows int
}

func main() {
	rounds := flag.Int("rounds", 5, "how often each server has its turn; medians are reported")
	length := flag.Duration("length", time.Second, "of a turn")
	callers := flag.String("callers", "1,16,64", "connections at a time")
	totals := flag.String("todos", "100000,1000000", "todos in the database, of everybody")
	others := flag.String("others", "10,10000000", "other people's todos, to compare what calls cost among few and many; empty: do not")
	logRows := flag.Int("log-rows", 5_000_000, "audit rows of the database that a server is started on; 0: do not")
	write := flag.String("write", "", "folder to write performance.md and performance.svg to; empty: only print")
	flag.Parse()
	p := plan{rounds: *rounds, length: *length, logRows: *logRows}
	if err := p.parse(*callers, *totals, *others); err != nil {
		log.Fatal(err)
	}
	if err := p.run(context.Background(), *write); err != nil {
		log.Fatal(err)
	}
}

func (p *plan) parse(callers, totals, others string) (err error) {
	if p.callers, err = numbers(callers); err == nil {
		p.totals, err = numbers(totals)
	}
	if err == nil {
		p.others, err = numbers(others)
	}
	if err == nil && len(p.totals) == 0 {
		err = errors.New("-todos: at least one number of todos")
	}
	slices.Sort(p.others) // the fewest first
	return err
}

func numbers(list string) (numbers []int, err error) {
	for text := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// run measures all that the plan says, prints it, and writes it to a folder unless that is "".
func (p plan) run(ctx context.Context, write string) error {
	var r report
	for _, total := range p.totals {
		t, err := p.measure(ctx, total)
		if err != nil {
			return err
		}
		r.tables = append(r.tables, t)
	}
	var err error
	if len(p.others) > 0 {
		if r.growth, err = p.grow(ctx); err != nil {
			return err
		}
	}
	if p.logRows > 0 {
		if r.starts, err = p.start(ctx); err != nil {
			return err
		}
	}
	if r.floors, err = floors(ctx); err != nil {
		return err
	}
	fmt.Print(r.markdown())
	if write == "" {
		return nil
	}
	return r.write(write)
}

// measure runs every op on every server, in turns, on a database of so many todos.
func (p plan) measure(ctx context.Context, total int) (t table, err error) {
	folder, issuer, err := prepare(ctx)
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(folder)
	db := filepath.Join(folder, "filled.db")
	if err := fill(ctx, db, issuer.URL, min(ownTodos, total/people), total); err != nil {
		return t, err
	}
	servers, err := startAll(ctx, folder, issuer, db)
	defer func() { stopAll(servers) }()
	if err != nil {
		return t, err
	}
	t.todos = total
	for _, name := range opNames {
		for _, n := range p.callers {
			row, err := p.turns(servers, issuer, name, n)
			if err != nil {
				return t, err
			}
			t.rows = append(t.rows, row)
			fmt.Fprintln(os.Stderr, row.line())
		}
	}
	for _, s := range servers {
		t.memory = append(t.memory, fmt.Sprintf("%s %.0f", s.name, s.rss()))
	}
	return t, nil
}

// turns gives each server its rounds of one op, one after the other. What the peers do
// stands for create; the echo that ours are compared with has turns beside every op, beside
// full pages with one of its own.
func (p plan) turns(servers []*server, issuer *issuer, name string, n int) (row row, err error) {
	row.op, row.callers = name, n
	all := ops()
	rounds := make(map[*server][]measured)
	ready := make(map[*server][]*caller)
	for round := range p.rounds + 1 { // the first warms up
		for _, s := range servers {
			do := all["create"]
			switch {
			case s.ours, s.name == sdkEcho && name == fullPage:
				do = all[name]
			case s.name != sdkEcho && name != "create":
				continue
			}
			if ready[s] == nil {
				ready[s] = callersOf(s, issuer, n)
			}
			before := s.cpu()
			m, err := run(ready[s], do, p.length)
			if err != nil {
				return row, fmt.Errorf("%s, %s: %w", s.name, name, err)
			}
			if m.cpu = s.cpu() - before; round > 0 {
				rounds[s] = append(rounds[s], m)
			}
		}
	}
	for _, s := range servers {
		if len(rounds[s]) > 0 {
			row.cells = append(row.cells, cellOf(s.name, rounds[s]))
		}
	}
	return row, nil
}

func callersOf(s *server, issuer *issuer, n int) (list []*caller) {
	for i := range n {
		token := ""
		if s.ours {
			token = issuer.token(i % people)
		}
		list = append(list, newCaller(s.address, token))
	}
	return list
}
