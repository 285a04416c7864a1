package observe_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/observe"
)

// valve is an output that can be stuck.
type valve struct {
	shut chan struct{} // nil: open
	mu   sync.Mutex
	text strings.Builder
}

func (v *valve) Write(p []byte) (int, error) {
	if v.shut != nil {
		<-v.shut
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.text.Write(p)
}

// TestOutletWrites: as long as the output works, what was logged is there at once, in order.
func TestOutletWrites(t *testing.T) {
	var v valve
	o := observe.NewOutlet(&v)
	var want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(o, "%d\n", i)
		fmt.Fprintf(&want, "%d\n", i)
		if got := v.text.String(); got != want.String() {
			t.Fatalf("after line %d: %q", i, got)
		}
	}
}

// TestOutletIsStuck: only the first who log wait, a moment; what fits is written, in order,
// when the output works again, and what does not is counted.
func TestOutletIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &valve{shut: make(chan struct{})}
		o := observe.NewOutlet(v)
		const lines = 5000
		began := time.Now()
		for i := range lines {
			fmt.Fprintf(o, "%d\n", i)
		}
		if waited := time.Since(began); waited > 100*time.Millisecond {
			t.Errorf("%d lines kept the program for %v", lines, waited)
		}
		kept := lines - int(o.Lost())
		if kept != 4097 { // one is being written
			t.Errorf("%d lines are kept", kept)
		}
		close(v.shut)
		synctest.Wait()
		fmt.Fprintf(o, "again\n")
		got := strings.Split(v.text.String(), "\n")
		if len(got) != kept+2 || got[0] != "0" || got[kept-1] != fmt.Sprint(kept-1) || got[kept] != "again" {
			t.Errorf("%d lines, the last %q", len(got), got[len(got)-2:])
		}
		// It waits again for lines to be written, as before.
		if fmt.Fprintf(o, "more\n"); !strings.HasSuffix(v.text.String(), "more\n") {
			t.Error("a line is not there at once")
		}
	})
}
