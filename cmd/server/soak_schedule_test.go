package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"todomanager/internal/auth/authtest"
	"todomanager/internal/todos"
)

// cooling is how long a server that was asked for an unknown key may do without fetching.
const cooling = 31 * time.Second

// runSchedule makes one thing after the other happen, over and over.
func (s *soak) runSchedule() {
	pause := min(max(*soakFor/60, 20*time.Millisecond), 3*time.Second)
	steps := []func(){
		func() { s.rotate(s.issuers[0]) },
		s.block, s.backup, s.greedy,
		func() { s.outage(s.issuers[1], pause) },
		s.reload, s.prune, s.block,
		func() { s.rotate(s.issuers[1]) },
		s.backup, s.block,
		func() { s.outage(s.issuers[0], pause) },
		s.prune,
	}
	for n := 0; s.wait(pause); n++ {
		steps[n%len(steps)]()
	}
}

// rotate replaces an issuer's keys; it is over when the server takes a token of the new ones.
func (s *soak) rotate(issuer *authtest.Issuer) {
	s.incidents.during("rotated", issuer.URL, issuer.Rotate, func() bool {
		for giveUp := time.Now().Add(cooling + 5*time.Second); s.probe(issuer, nil) != "ok"; {
			if time.Now().After(giveUp) {
				s.fail("the keys of %s were replaced and the server does not take the new one", issuer.URL)
			}
			if !s.wait(time.Second) {
				return false
			}
		}
		return true
	}, func() {})
}

// outage takes an issuer away: known keys go on, an unknown one may or may not be good.
func (s *soak) outage(issuer *authtest.Issuer, lasts time.Duration) {
	now := time.Now()
	if s.incidents.touched("cooling", issuer.URL, now, now) && !s.wait(cooling) {
		return // the answer would be the last one that the server heard
	}
	s.incidents.during("outage", issuer.URL, issuer.Down, func() bool {
		for range 3 {
			s.probe(issuer, map[string]any{"kid": "nobody's"})
			s.wait(lasts)
		}
		return true
	}, issuer.Up)
}

// probe lists with a token whose key the server does not know, or not yet.
func (s *soak) probe(issuer *authtest.Issuer, header map[string]any) (kind string) {
	c := soakCall{
		tool: todos.ToolList, arguments: `{}`, issuer: issuer.URL, person: "probe", want: "ok", unknownKey: true,
		token: issuer.Mint(header, map[string]any{"sub": "probe", "client_id": "soak", "scope": "create:todos"}),
	}
	if header != nil {
		c.want = "401"
	}
	// The server may fetch now, and for a while not again. That is so from before the call.
	s.incidents.begin("cooling", issuer.URL, cooling)
	kind, _ = s.make(c)
	return kind
}

// block withdraws somebody's access, and gives it back.
func (s *soak) block() {
	issuer := rand.IntN(2)
	who := fmt.Sprintf("p%d-%d", rand.IntN(soakWorkers), 6+2*rand.IntN(3)+issuer)
	url := s.issuers[issuer].URL
	s.incidents.during("blocked", url+" "+who,
		func() { s.command(exitOK, "user", "block", who, "--issuer", url) },
		func() bool { s.wait(time.Second); return true },
		func() { s.command(exitOK, "user", "unblock", who, "--issuer", url) })
}

// greedy calls faster than anybody may.
func (s *soak) greedy() {
	s.incidents.note("greedy")
	token := s.issuers[0].Token(authtest.Claims{Subject: "greedy", Scope: "create:todos", ClientID: "soak"})
	var mu sync.Mutex
	limited := 0
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 25 {
				kind, _ := s.make(soakCall{tool: todos.ToolList, arguments: `{}`, token: token, issuer: s.issuers[0].URL, person: "greedy", want: "ok", greedy: true})
				mu.Lock()
				if kind == "429" {
					limited++
				}
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	if limited == 0 && !s.failed.Load() {
		s.fail("200 calls at once and none was one too many")
	}
}

// backup copies the database and looks at the copy.
func (s *soak) backup() {
	s.incidents.note("backup")
	dir, err := os.MkdirTemp(filepath.Dir(s.victim.db), "backup")
	if err != nil {
		s.fail("%v", err)
		return
	}
	defer os.RemoveAll(dir)
	to := filepath.Join(dir, "copy.db")
	s.command(exitOK, "backup", to)
	if s.failed.Load() {
		return
	}
	withVictim(s.T, to, "PRAGMA integrity_check")
	// Its own heads are in the database only: "no file of signed heads" is 3.
	var out log
	if code := run(s.Context(), []string{"audit", "verify", "--db", to, "--audit-key", s.victim.db + ".audit-key"}, &out, &out); code != 3 {
		s.fail("audit verify of a copy: exit code %d\n%s", code, out.String())
	}
}

// prune moves the older rows to an archive, after they were read.
func (s *soak) prune() {
	s.incidents.note("prune")
	before := time.Now()
	s.victim.readRows()
	s.command(exitOK, "audit", "prune", "--older-than", before.Add(-time.Second).UTC().Format(time.RFC3339Nano), "--archive", s.archive)
}

// checkArchive proves what prune put away.
func (s *soak) checkArchive() {
	if _, err := os.Stat(s.archive); err == nil {
		s.command(exitOK, "audit", "verify", "--segment", s.archive)
	}
}

// verifyBeside proves the log while it is written, and pruned.
func (s *soak) verifyBeside() {
	for s.wait(min(*soakFor/10, 5*time.Second)) {
		s.incidents.note("verify")
		s.command(exitOK, "audit", "verify")
	}
}

// reload changes something that replaces every verifier, and tells the server.
func (s *soak) reload() {
	s.incidents.note("reload")
	s.reloads++
	text := fmt.Sprintf("challenge-scopes: [%s]\n", []string{"create:todos", "read:todos"}[s.reloads%2])
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		s.fail("%v", err)
	}
	if err := s.victim.process.Process.Signal(syscall.SIGHUP); err != nil {
		s.fail("SIGHUP: %v", err)
	}
}

// command runs one of the operator's commands on the server's database.
func (s *soak) command(want int, args ...string) {
	var out log
	if code := run(s.Context(), append(args, "--db", s.victim.db), &out, &out); code != want {
		s.fail("%v: exit code %d, want %d\n%s", args, code, want, out.String())
	}
}
