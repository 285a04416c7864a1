package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todomanager/internal/auth/authtest"
	"todomanager/internal/todos"
)

var (
	overload        = flag.Duration("overload", 0, "how long TestOverload loads the server at each rate; writes docs/overload.md")
	overloadRounds  = flag.Int("overload-rounds", 1, "how often it does so, each time with a new server; medians are written")
	overloadServer  = flag.String("overload-taskset", "", "processors for the server, as taskset takes them")
	overloadPages   = flag.Bool("overload-pages", false, "load it with full pages of todos in place of new todos")
	overloadSenders = flag.Int("overload-connections", 3500, "how many connections TestOverload may use, each for one call at a time")
	overloadFolder  = flag.String("overload-folder", "", "where TestOverload puts its database; default: a temporary folder")
)

const (
	overloadPeople = 200
	inTime         = 10 * time.Second       // later than that nobody is served by an answer
	stale          = 100 * time.Millisecond // a call that finds no free connection for so long is not sent
)

// TestOverload offers the whole program calls at rates that do not depend on its answers,
// and writes down what becomes of them.
func TestOverload(t *testing.T) {
	if *overload == 0 {
		t.Skip("takes minutes: -overload 5s")
	}
	report := overloadReport{pinned: *overloadServer != "", name: "todos"}
	for n := range *overloadRounds {
		t.Run(fmt.Sprint("round ", n+1), func(t *testing.T) { report.rounds = append(report.rounds, overloadRound(t)) })
	}
	if *overloadPages {
		report.name = "pages"
	}
	if err := report.write("../../docs"); err != nil {
		t.Fatal(err)
	}
}

// overloadRound offers a new server multiples of what it can do.
func overloadRound(t *testing.T) (points []point) {
	s := startOverloaded(t)
	s.run(500, 2*time.Second) // tokens become known, files grow
	if *overloadPages {
		s.askForPages()
	}
	before := s.capacity()
	for _, factor := range overloadFactors {
		p := s.run(before*factor, *overload)
		after := s.capacity()
		p.capacity = (before + after) / 2
		t.Logf("%.2f %+v", factor, p)
		points, before = append(points, p), after
	}
	return points
}

// overloaded is a server under test and prepared requests of many people.
type overloaded struct {
	*testing.T
	address  string
	pid      int
	heads    []string // of a request by each of the people
	requests [][]byte
}

func startOverloaded(t *testing.T) *overloaded {
	issuer := authtest.New(t)
	port := freePort()
	s := &overloaded{T: t, address: "127.0.0.1:" + port}
	folder, err := os.MkdirTemp(*overloadFolder, "overload")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"serve", "--listen", s.address, "--public-url", "http://localhost:" + port, "--issuer", issuer.URL,
		"--ops-listen", "", "--db", filepath.Join(folder, "todos.db"), "--rate", "1e6", "--burst", "1000000", "--max-todos", "0"}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	process := &exec.Cmd{Path: self, Args: append([]string{"server"}, args...), Stdout: log, Stderr: log}
	if *overloadServer != "" {
		taskset, err := exec.LookPath("taskset")
		if err != nil {
			t.Fatal(err)
		}
		process = withArgs(process, taskset, "-c", *overloadServer, asServer(t))
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = process.Process.Pid
	t.Cleanup(func() { process.Process.Kill(); process.Wait(); log.Close() })
	eventually(t, "ready", func() bool {
		resp, err := http.Get("http://" + s.address + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	public := &url.URL{Scheme: "http", Host: "localhost:" + port}
	for i := range overloadPeople {
		token := issuer.Token(authtest.Claims{Subject: fmt.Sprint("person", i), Scope: "create:todos", ClientID: "client", Audience: public.String()})
		s.heads = append(s.heads, fmt.Sprintf("POST / HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
			"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n", public.Host, token))
	}
	s.requests = s.callsOf("create-todo", `{"content":"buy milk"}`, overloadPeople)
	return s
}

// callsOf prepares a call by each of some people.
func (s *overloaded) callsOf(tool, arguments string, people int) (requests [][]byte) {
	body := toolCall(tool, arguments)
	for _, head := range s.heads[:people] {
		requests = append(requests, fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body))
	}
	return requests
}

// askForPages gives some people as many todos as a page has, and has them ask for these: calls
// that cost the server much more than their refusal, and more than the generator.
func (s *overloaded) askForPages() {
	s.Helper()
	const people = 10
	c := sender{address: s.address}
	defer c.close()
	for _, create := range s.callsOf("create-todo", `{"content":"buy milk, bread and some other things"}`, people) {
		for range todos.MaxPage {
			if status, _, err := c.send(create); err != nil || status != http.StatusOK {
				s.Fatal(status, err)
			}
		}
	}
	s.requests = s.callsOf("get-todos", `{"limit":500}`, people)
}

// overloadFactors say how much is due, as multiples of the capacity.
var overloadFactors = []float64{0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5}

// point is what became of the calls at one rate.
type point struct {
	capacity               float64 // calls a second, at that time: the machine's speed changes
	offered                float64 // calls a second that were sent
	good, late, shed, lost int     // answered in time, answered later, refused, neither
	unsent                 int     // for want of a free connection: the generator's own limit
	seconds                float64
	p50, p99, shed50       time.Duration
	shed99                 time.Duration
	cpu                    time.Duration // of the server, for each call that was sent
	memory                 int           // of the server when the last were sent, resident, in MiB
}

func (p point) goodput() float64 { return float64(p.good) / p.seconds }

func (p point) share() float64 { return p.goodput() / p.capacity }

// capacity is what the server answers when each of some clients waits for its answer.
func (s *overloaded) capacity() float64 {
	s.Helper()
	var answered atomic.Int64
	length := *overload / 3
	end := time.Now().Add(length)
	var clients sync.WaitGroup
	for i := range 64 {
		clients.Go(func() {
			c := sender{address: s.address}
			for n := i; time.Now().Before(end); n++ {
				if status, _, err := c.send(s.requests[n%len(s.requests)]); err == nil && status == 200 {
					answered.Add(1)
				}
			}
		})
	}
	clients.Wait()
	return float64(answered.Load()) / length.Seconds()
}

// arrival is a call that is due.
type arrival struct {
	at time.Time
	n  int
}

// run offers so many calls a second. An arrival that finds no free connection waits for
// one, but not long: a generator that cannot keep up must not pass for a server that cannot.
func (s *overloaded) run(rate float64, d time.Duration) point {
	s.Helper()
	arrivals := make(chan arrival, int(rate*d.Seconds())+1)
	outcomes := make([]outcomes, *overloadSenders)
	var senders sync.WaitGroup
	for i := range *overloadSenders {
		senders.Go(func() {
			c := sender{address: s.address}
			for a := range arrivals {
				if time.Since(a.at) > stale {
					outcomes[i].unsent++
					continue
				}
				outcomes[i].add(c.call(a, s.requests))
			}
			c.close()
		})
	}
	before, start := cpuOf(s.pid), time.Now()
	total := int(rate * d.Seconds())
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for sent := 0; sent < total; <-tick.C {
		for due := min(total, int(rate*time.Since(start).Seconds())); sent < due; sent++ {
			arrivals <- arrival{start.Add(time.Duration(float64(sent) / rate * float64(time.Second))), sent}
		}
	}
	close(arrivals)
	memory := memoryOf(s.pid) // while they wait
	senders.Wait()
	p := summarize(outcomes)
	p.offered = float64(total-p.unsent) / d.Seconds()
	p.seconds = time.Since(start).Seconds() // with the answers to those that waited at the end
	p.memory = memory
	p.cpu = (cpuOf(s.pid) - before) / time.Duration(max(total-p.unsent, 1))
	return p
}

// cpuOf is the processor time that a process has had, in steps of 10 ms. Linux only.
func cpuOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memoryOf is how much memory of a process is resident, in MiB. Linux only.
func memoryOf(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return pages * os.Getpagesize() >> 20
}

// sender is a connection, opened when it is needed.
type sender struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

// send returns the status, and whether the answer is a todo.
func (c *sender) send(request []byte) (status int, todo bool, err error) {
	if c.conn == nil {
		if c.conn, err = net.Dial("tcp", c.address); err != nil {
			return 0, false, err
		}
		c.reader = bufio.NewReader(c.conn)
	}
	if _, err = c.conn.Write(request); err == nil {
		status, todo, err = c.answer()
	}
	if err != nil {
		c.close()
	}
	return status, todo, err
}

func (c *sender) answer() (status int, todo bool, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		switch {
		case first:
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, false, err
			}
		case len(line) == 2:
			body, err := c.reader.Peek(min(length, 1024)) // the first todo
			if err != nil {
				return 0, false, err
			}
			todo = bytes.Contains(body, []byte("ownerId"))
			_, err = c.reader.Discard(length)
			return status, todo, err
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[16:]))); err != nil {
				return 0, false, err
			}
		}
	}
}

func (c *sender) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// outcomes are times since a call was sent, of what was answered and of what was refused.
type outcomes struct {
	answered, shed []time.Duration
	lost, unsent   int
}

type outcome struct {
	status int // 0: none of the two
	took   time.Duration
}

func (c *sender) call(a arrival, requests [][]byte) outcome {
	sent := time.Now()
	status, todo, err := c.send(requests[a.n%len(requests)])
	if err != nil && err != io.EOF || status == http.StatusOK && !todo {
		status = 0
	}
	return outcome{status, time.Since(sent)}
}

func (o *outcomes) add(got outcome) {
	switch got.status {
	case http.StatusOK:
		o.answered = append(o.answered, got.took)
	case http.StatusServiceUnavailable:
		o.shed = append(o.shed, got.took)
	default:
		o.lost++
	}
}

func summarize(list []outcomes) (p point) {
	var answered, shed []time.Duration
	for _, o := range list {
		answered, shed = append(answered, o.answered...), append(shed, o.shed...)
		p.lost += o.lost
		p.unsent += o.unsent
	}
	slices.Sort(answered)
	slices.Sort(shed)
	p.good, _ = slices.BinarySearch(answered, inTime)
	p.late, p.shed = len(answered)-p.good, len(shed)
	p.p50, p.p99 = quantile(answered, 0.5), quantile(answered, 0.99)
	p.shed50, p.shed99 = quantile(shed, 0.5), quantile(shed, 0.99)
	return p
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))]
}
