package storetest

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// logsApart: a tenant's page of the log has all of its rows and none of another's.
func logsApart(f *fixture) {
	populate(f)
	for _, reader := range people() {
		var want []string
		for _, who := range people() {
			if sameTenant(who, reader) {
				want = append(want, who.Subject)
			}
		}
		got := make(map[string]int)
		for _, r := range f.readLog(audit.Filter{Issuer: reader.Issuer, Tenant: &reader.Tenant, Limit: 100}, 1000).Rows {
			if r.Issuer != reader.Issuer || r.Tenant != reader.Tenant {
				f.Fatalf("a reader of %q %q sees a row of %q %q", reader.Issuer, reader.Tenant, r.Issuer, r.Tenant)
			}
			got[*r.Subject]++
		}
		for _, subject := range want {
			if got[subject] != 1 {
				f.Errorf("a reader of %q %q sees %d rows of %q, want 1", reader.Issuer, reader.Tenant, got[subject], subject)
			}
		}
		if len(got) != len(want) {
			f.Errorf("a reader of %q %q sees rows of %d people, want %d", reader.Issuer, reader.Tenant, len(got), len(want))
		}
	}
}

// logPages: pages of the log, newest first, show each row that matches once, whether they
// end because they are full or because enough was looked at.
func logPages(f *fixture) {
	const rows = 40
	a, b := todos.Owner{Issuer: "https://id.example", Subject: "a"}, todos.Owner{Issuer: "https://id.example", Subject: "b"}
	var want []int64
	for n := range rows {
		f.clock.set(start.Add(time.Duration(n) * time.Minute))
		who := a
		if n%4 != 0 {
			who = b
		} else {
			want = append([]int64{int64(n + 1)}, want...)
		}
		f.add(who, fmt.Sprintf("%013d", n))
	}
	tenant := ""
	for _, c := range []struct {
		name   string
		filter audit.Filter
		limit  int64
		scan   int64
	}{
		{"full pages", audit.Filter{Subject: a.Subject}, 3, 1000},
		{"one page", audit.Filter{Subject: a.Subject}, 100, 1000},
		{"little is looked at", audit.Filter{Reason: audit.ReasonOK}, 30, 5},
		{"nothing is found", audit.Filter{Tool: todos.ToolAudit}, 30, 5},
	} {
		c.filter.Issuer, c.filter.Tenant, c.filter.Limit = a.Issuer, &tenant, c.limit
		var got []int64
		for pages := 0; ; pages++ {
			page := f.readLog(c.filter, c.scan)
			for _, r := range page.Rows {
				if *r.Subject == a.Subject {
					got = append(got, r.Seq)
				}
			}
			if int64(len(page.Rows)) > c.limit || pages > rows {
				f.Fatalf("%s: page %d has %d rows", c.name, pages, len(page.Rows))
			}
			if page.From == 0 {
				break
			}
			if stopped := int64(len(page.Rows)) < c.limit; stopped && !page.Scanned.Equal(start.Add(time.Duration(page.From-1)*time.Minute)) {
				f.Errorf("%s: looked down to row %d, at %v", c.name, page.From, page.Scanned)
			}
			c.filter.BeforeSeq = page.From
		}
		if c.filter.Tool != "" {
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			f.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	since := f.readLog(audit.Filter{Issuer: a.Issuer, Tenant: &tenant, Since: start.Add(38 * time.Minute), Limit: 10}, 1000)
	if len(since.Rows) != 2 || since.From != 0 {
		f.Errorf("since the last two: %d rows, from %d", len(since.Rows), since.From)
	}
}

func (f *fixture) readLog(filter audit.Filter, scan int64) todos.LogRows {
	f.Helper()
	page, err := f.ReadLog(f.Context(), filter, scan)
	if err != nil {
		f.Fatalf("read the log: %v", err)
	}
	return page
}
