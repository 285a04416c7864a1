//go:build unix

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// reloading is a server whose configuration changes.
type reloading struct {
	*program
	file    string
	reloads int
	sites   [3]*testSite // three issuers of one public URL
}

func startReloading(t *testing.T) *reloading {
	t.Helper()
	port := freePort()
	r := &reloading{file: filepath.Join(t.TempDir(), "todo.yaml")}
	for i := range r.sites {
		r.sites[i] = newTestSite(t, "http://localhost:"+port)
	}
	r.write(t, 0)
	r.program = startServe(t, port, "", "--config="+r.file)
	return r
}

// write puts the n-th configuration in place: the second issuer is always as it was, the
// first has another profile each time, the third comes and goes.
func (r *reloading) write(t *testing.T, n int) {
	t.Helper()
	text := fmt.Sprintf("rate: %d\nburst: 100000\nallowed-hosts: [h%d.example]\nissuer:\n", 100_000+n, n)
	text += fmt.Sprintf("  - {url: %q, max-lifetime: %dh}\n", r.sites[0].issuer.URL, 25+n%2)
	text += fmt.Sprintf("  - {url: %q, public-url: %q}\n", r.sites[1].issuer.URL, r.sites[1].url+"/two")
	if n%2 == 1 {
		text += fmt.Sprintf("  - {url: %q}\n", r.sites[2].issuer.URL)
	}
	if err := os.WriteFile(r.file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(r.file+".new", r.file); err != nil {
		t.Fatal(err)
	}
}

// reload puts the next configuration in place and waits until it counts.
func (r *reloading) reload(t *testing.T) {
	t.Helper()
	r.reloads++
	r.write(t, r.reloads)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "reloaded", func() bool { return strings.Count(r.log.String(), `"msg":"configuration reloaded"`) == r.reloads })
}

// TestReloadsUnderLoad: no call notices a reload, whether its issuer's profile changes or not.
func TestReloadsUnderLoad(t *testing.T) {
	r := startReloading(t)
	r.sites[1].issuer.Audience += "/two"
	var done atomic.Bool
	var callers sync.WaitGroup
	var calls [2]atomic.Int64
	for caller := range 6 {
		callers.Go(func() {
			i := caller % 2
			url := r.url + []string{"", "/two"}[i]
			for n := 0; !done.Load(); n++ {
				token := r.sites[i].token(fmt.Sprint("person", caller), "create:todos") // some that no verifier knows
				for range 3 {
					got, err := message{method: http.MethodPost, url: url, token: token, body: toolCall("get-todos", "{}")}.send(t.Context())
					calls[i].Add(1)
					if err != nil || got.status != http.StatusOK || !strings.Contains(got.body, `{"todos":[]}`) {
						t.Errorf("issuer %d: %v, %d %s", i, err, got.status, got.body)
						return
					}
				}
			}
		})
	}
	for range 50 {
		r.reload(t)
	}
	done.Store(true)
	callers.Wait()
	t.Logf("%d and %d calls during %d reloads", calls[0].Load(), calls[1].Load(), r.reloads)
}

// TestReloadsLeaveNothingBehind: after a hundred reloads, half of which removed an issuer,
// there are as many goroutines as before, and one for the keys of each issuer.
func TestReloadsLeaveNothingBehind(t *testing.T) {
	r := startReloading(t)
	token := r.sites[0].token("alice", "create:todos")
	settled := func() int {
		if got := r.call(t, r.url, token, "get-todos", ""); got.status != http.StatusOK {
			t.Fatal(got)
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		eventually(t, "one goroutine for each issuer", func() bool { return keepers() == 2 })
		return runtime.NumGoroutine()
	}
	r.reload(t)
	r.reload(t)
	before := settled()
	for range 100 {
		r.reload(t)
	}
	eventually(t, "as few goroutines as before", func() bool { return settled() <= before })
}

// keepers counts the goroutines that keep keys fresh.
func keepers() int {
	var stacks bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2)
	return strings.Count(stacks.String(), "auth.(*keySource).run(")
}
