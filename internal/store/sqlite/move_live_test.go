package sqlite_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestMoveBesideServer moves a tenant of some thousand todos while a server goes on with it:
// people of both tenants and of a third make todos, and others look at people's lists.
// Nothing is lost, doubled or seen in part, and no call waits for long.
func TestMoveBesideServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	admin := openAdmin(t, path)
	people, each := 25, 40
	if raced() {
		people, each = 10, 20
	}
	for i := range people {
		writeMany(t, s, in(oldTenant, fmt.Sprint("person", i)), each)
	}
	const late = "person0 is the first to be moved"
	moved := make(chan struct{})
	var written [3]atomic.Int64
	var slowest atomic.Int64
	var clients sync.WaitGroup
	for i, id := range []sqlite.TenantID{oldTenant, newTenant, thirdTenant} {
		clients.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-moved:
					return
				default:
				}
				if i == 0 && n > 20 { // or the move would never see the end of it
					return
				}
				began := time.Now()
				writeSome(t, s, in(id, late), 1)
				slowest.Store(max(slowest.Load(), int64(time.Since(began))))
				written[i].Add(1)
			}
		})
	}
	clients.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-moved:
				return
			default:
			}
			who := fmt.Sprint("person", i%people)
			there, here := listed(t, s, in(newTenant, who)), listed(t, s, in(oldTenant, who))
			if there != 0 && there != each || here != 0 && here != each {
				t.Errorf("%s has %d todos here and %d there", who, here, there)
			}
		}
	})
	done, err := admin.MoveTenant(t.Context(), oldTenant, newTenant, sqlite.Operator{Name: "test"})
	close(moved)
	clients.Wait()
	if err != nil || done.Step != "end" || int(done.Todos) < people*each {
		t.Errorf("moved %+v, %v", done, err)
	}
	t.Logf("%d todos moved; calls meanwhile: %d, %d, %d; the slowest took %v", done.Todos, written[0].Load(), written[1].Load(), written[2].Load(), time.Duration(slowest.Load()))
	if time.Duration(slowest.Load()) > 2*time.Second {
		t.Errorf("a call took %v", time.Duration(slowest.Load()))
	}

	// What came after the end.
	if _, err := admin.MoveTenant(t.Context(), oldTenant, newTenant, sqlite.Operator{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	checkMoved(t, path, map[sqlite.TenantID]int64{
		newTenant:   int64(people*each) + written[0].Load() + written[1].Load(),
		thirdTenant: written[2].Load(),
	})
}

// listed returns how many todos of a person are listed.
func listed(t *testing.T, s *sqlite.Store, who todos.Owner) int {
	list, err := s.List(t.Context(), todos.Query{Owner: who, Limit: todos.MaxPage})
	if err != nil {
		t.Error(err)
	}
	return len(list)
}

// checkMoved compares how many todos tenants have, and the counts and the log with themselves.
func checkMoved(t *testing.T, path string, want map[sqlite.TenantID]int64) {
	t.Helper()
	list, first, err := sqlite.ListTenants(t.Context(), path, time.Minute)
	if err != nil || first != 0 {
		t.Fatal(first, err)
	}
	got := make(map[sqlite.TenantID]int64)
	for _, tenant := range list {
		if tenant.Todos > 0 {
			got[tenant.TenantID] = tenant.Todos
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("todos (-want +got):\n%s", diff)
	}
	if _, wrong := compareCounts(t, writerPool(t, sqlite.Options{Path: path})); wrong > 0 {
		t.Errorf("%d counts are wrong", wrong)
	}
	if report, err := audit.Verify(t.Context(), openLog(t, path), audit.Evidence{}); err != nil || report.Fault != nil {
		t.Errorf("verify: %v, %v", err, report.Fault)
	}
	if !slices.IsSortedFunc(list, func(a, b sqlite.Tenant) int { return cmp.Compare(a.Issuer, b.Issuer) }) {
		t.Errorf("not in order: %v", list)
	}
}

// TestMoveInterrupted: a move that is told to stop says that it is not complete, and another
// one finishes. Both have a row of their beginning, only the second one of an end.
func TestMoveInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	admin := openAdmin(t, path)
	people, each := 60, 25
	if raced() {
		people, each = 30, 10
	}
	for i := range people {
		writeMany(t, s, in(oldTenant, fmt.Sprintf("person%02d", i)), each)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for ctx.Err() == nil {
			if listed(t, s, in(newTenant, "person00")) > 0 { // somebody was moved
				cancel()
			}
		}
	})
	stopped, err := admin.MoveTenant(ctx, oldTenant, newTenant, sqlite.Operator{Name: "test"})
	cancel()
	watcher.Wait()
	if !errors.Is(err, context.Canceled) || stopped.Step != "begin" || stopped.Todos == 0 || stopped.Todos == int64(people*each) {
		t.Fatalf("stopped %+v, %v", stopped, err)
	}
	done, err := admin.MoveTenant(t.Context(), oldTenant, newTenant, sqlite.Operator{Name: "test"})
	if err != nil || done.Step != "end" || done.Todos != int64(people*each)-stopped.Todos || done.People != int64(people)-stopped.Todos/int64(each) {
		t.Errorf("then %+v, %v", done, err)
	}
	checkMoved(t, path, map[sqlite.TenantID]int64{newTenant: int64(people * each)})
	steps := make(map[string]int)
	_, err = openLog(t, path).Each(t.Context(), audit.Filter{Event: audit.TenantMove}, func(r audit.Row) error {
		var m sqlite.Moving
		err := json.Unmarshal([]byte(*r.Details), &m)
		steps[r.Issuer+" "+m.Step]++
		return err
	})
	if diff := gocmp.Diff(map[string]int{oldTenant.Issuer + " begin": 2, newTenant.Issuer + " end": 1}, steps); err != nil || diff != "" {
		t.Errorf("%v, rows (-want +got):\n%s", err, diff)
	}
}
