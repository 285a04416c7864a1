package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
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
	total   int // todos in the database
}

func main() {
	rounds := flag.Int("rounds", 5, "how often each server has its turn; medians are reported")
	length := flag.Duration("length", time.Second, "of a turn")
	callers := flag.String("callers", "1,16,64", "connections at a time")
	totals := flag.String("todos", "100000,1000000", "todos in the database, of everybody")
	write := flag.String("write", "", "folder to write performance.md and performance.svg to; empty: only print")
	flag.Parse()
	if err := bench(*rounds, *length, *callers, *totals, *write); err != nil {
		log.Fatal(err)
	}
}

func bench(rounds int, length time.Duration, callers, totals, write string) error {
	p := plan{rounds: rounds, length: length}
	var err error
	if p.callers, err = numbers(callers); err != nil {
		return err
	}
	sizes, err := numbers(totals)
	if err != nil {
		return err
	}
	var r report
	for _, p.total = range sizes {
		t, err := measure(context.Background(), p)
		if err != nil {
			return err
		}
		r.tables = append(r.tables, t)
	}
	if r.floors, err = floors(context.Background()); err != nil {
		return err
	}
	fmt.Print(r.markdown())
	if write == "" {
		return nil
	}
	return r.write(write)
}

func numbers(list string) (numbers []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// measure runs every op on every server, in turns.
func measure(ctx context.Context, p plan) (t table, err error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(folder)
	issuer, err := startIssuer()
	if err != nil {
		return t, err
	}
	db := filepath.Join(folder, "filled.db")
	if err := fill(ctx, db, issuer.URL, min(ownTodos, p.total/people), p.total); err != nil {
		return t, err
	}
	servers, err := startAll(ctx, folder, issuer, db)
	defer func() {
		for _, s := range servers {
			if s.process.Process != nil {
				s.stop()
			}
		}
	}()
	if err != nil {
		return t, err
	}
	t.todos = p.total
	all := ops()
	for _, name := range opNames {
		for _, n := range p.callers {
			row, err := turns(p, servers, issuer, name, all[name], n)
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

// turns gives each server its rounds of one op, one after the other. The echo servers have
// only the one that stands for create.
func turns(p plan, servers []*server, issuer *issuer, name string, do op, n int) (row row, err error) {
	row.op, row.callers = name, n
	rounds := make(map[*server][]measured)
	ready := make(map[*server][]*caller)
	for round := range p.rounds + 1 { // the first warms up
		for _, s := range servers {
			if !s.ours && name != "create" {
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
