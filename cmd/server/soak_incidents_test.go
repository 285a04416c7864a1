package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// explanations are all answers other than the one that is due, and what must be going on
// for each. Whom an incident concerns is a person, an issuer or nobody in particular.
var explanations = []explanation{
	// An operator withdraws access while the call is under way. Before and after that the
	// answer is exact.
	{kind: "blocked", incident: "blocked"},
	// The keys at the issuer were replaced: tokens of the new one are refused until the
	// server may fetch again, tokens of the old one from then on.
	{kind: "401", incident: "rotated"},
	// A request makes the server fetch keys at most every 30 s; in between it repeats what
	// it heard last, be that "no such key" or "out of reach".
	{kind: "401", incident: "cooling", unknownKey: true},
	{kind: "503 authorization_server_unavailable", incident: "cooling", unknownKey: true},
	{kind: "503 authorization_server_unavailable", incident: "outage", unknownKey: true},
	// One person calls more often than they may.
	{kind: "429", incident: "greedy"},
	// A client hangs up; it cannot know what became of its call.
	{kind: "no answer", incident: "cut"},
}

type explanation struct {
	kind       string // of answer, see kindOf
	incident   string
	unknownKey bool // only for tokens whose key the server need not have
}

// An incident goes on from the moment before something is done until the moment after it
// is undone; in the middle of that it is settled.
type incident struct {
	name, whom                    string
	began, settled, ending, ended time.Time // the last two: zero until then
}

type incidents struct {
	mu    sync.Mutex
	open  []*incident
	count map[string]int
}

// during keeps an incident up until undo has returned: do begins it, hold is what happens
// meanwhile. If hold returns false the run is over and things stay as they are.
func (l *incidents) during(name, whom string, do func(), hold func() bool, undo func()) {
	i := &incident{name: name, whom: whom, began: time.Now()}
	l.change(func() {
		l.open = append(l.open, i)
		if l.count == nil {
			l.count = make(map[string]int)
		}
		l.count[name]++
	})
	do()
	l.change(func() { i.settled = time.Now() })
	if !hold() {
		return
	}
	l.change(func() { i.ending = time.Now() })
	undo()
	l.change(func() { i.ended = time.Now() })
}

// begin notes an incident that is over at a known time.
func (l *incidents) begin(name, whom string, lasts time.Duration) {
	now := time.Now()
	l.change(func() {
		l.open = append(l.open, &incident{name: name, whom: whom, began: now, settled: now, ending: now.Add(lasts), ended: now.Add(lasts)})
	})
}

func (l *incidents) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	// No request takes longer than a minute.
	l.open = slices.DeleteFunc(l.open, func(i *incident) bool { return !i.ended.IsZero() && time.Since(i.ended) > time.Minute })
}

// touched reports whether an incident was going on at any moment of a request.
func (l *incidents) touched(name, whom string, from, until time.Time) bool {
	return l.any(func(i *incident) bool {
		return i.name == name && i.whom == whom && i.began.Before(until) && (i.ended.IsZero() || i.ended.After(from))
	})
}

// covered reports whether an incident was settled for the whole of a request.
func (l *incidents) covered(name, whom string, from, until time.Time) bool {
	return l.any(func(i *incident) bool {
		return i.name == name && i.whom == whom && !i.settled.IsZero() && !i.settled.After(from) && (i.ending.IsZero() || i.ending.After(until))
	})
}

func (l *incidents) any(is func(*incident) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.open, is)
}

// note counts what else was done.
func (l *incidents) note(name string) {
	l.change(func() {
		if l.count == nil {
			l.count = make(map[string]int)
		}
		l.count[name]++
	})
}

func (l *incidents) table() string {
	var b strings.Builder
	b.WriteString("what went on:")
	for _, name := range slices.Sorted(maps.Keys(l.count)) {
		fmt.Fprintf(&b, " %s %d,", name, l.count[name])
	}
	return strings.TrimSuffix(b.String(), ",")
}
