package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// grow runs the ops whose cost must not depend on other people, on servers whose databases
// differ in how many todos other people have.
func (p plan) grow(ctx context.Context) (rows []row, err error) {
	folder, issuer, err := prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	var servers []*server
	for _, others := range p.others {
		s := &server{name: fmt.Sprint(others), address: freeAddress(), ours: true}
		db := filepath.Join(folder, s.name+".db")
		if err := fill(ctx, db, issuer.URL, ownTodos, ownTodos*people+others); err != nil {
			return nil, err
		}
		s.process = serve(folder, s.address, issuer, db)
		servers = append(servers, s)
	}
	defer func() { stopAll(servers) }()
	if err := startEach(servers); err != nil {
		return nil, err
	}
	for _, name := range []string{"create", "get of 10", "create and delete"} {
		row, err := p.turns(servers, issuer, name, 16)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		fmt.Fprintln(os.Stderr, row.line())
	}
	return rows, nil
}

// start says how long a server takes from its start to its first answer to a call, on the
// largest database and a long log.
func (p plan) start(ctx context.Context) (string, error) {
	const times = 9
	todos := slices.Max(p.totals)
	folder, issuer, err := prepare(ctx)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	db := filepath.Join(folder, "filled.db")
	if err := fill(ctx, db, issuer.URL, min(ownTodos, todos/people), todos); err != nil {
		return "", err
	}
	if err := fillLog(ctx, db, issuer.URL, p.logRows); err != nil {
		return "", err
	}
	var took []time.Duration
	for range times {
		s := &server{name: "Todo Manager", address: freeAddress(), ours: true}
		s.process = serve(folder, s.address, issuer, db)
		s.process.Stderr = os.Stderr
		first, err := s.firstAnswer(issuer)
		stopAll([]*server{s})
		if err != nil {
			return "", err
		}
		took = append(took, first)
	}
	slices.Sort(took)
	return fmt.Sprintf("From the start of the process to the answer to a first get of 10, on %d todos and %d audit rows: median of %d %.0f ms, longest %.0f ms.",
		todos, p.logRows, times, took[times/2].Seconds()*1e3, took[times-1].Seconds()*1e3), nil
}

// firstAnswer starts a server and calls it until it answers.
func (s *server) firstAnswer(issuer *issuer) (time.Duration, error) {
	c, get := newCaller(s.address, issuer.token(0)), ops()["get of 10"]
	began := time.Now()
	if err := s.process.Start(); err != nil {
		return 0, err
	}
	for {
		_, err := get(c)
		if took := time.Since(began); err == nil || took > time.Minute {
			return took, err
		}
		time.Sleep(time.Millisecond)
	}
}

// prepare makes a folder with our server in it, and an issuer.
func prepare(ctx context.Context) (folder string, _ *issuer, err error) {
	if folder, err = os.MkdirTemp("", "bench-"); err != nil {
		return "", nil, err
	}
	var i *issuer
	if err = build(ctx, "..", "./cmd/server", filepath.Join(folder, "server")); err == nil {
		i, err = startIssuer()
	}
	if err != nil {
		os.RemoveAll(folder)
	}
	return folder, i, err
}
