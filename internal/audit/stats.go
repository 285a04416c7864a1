package audit

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// StatsQuery says what is to be summed up. Size and growth are those of the whole log,
// whatever it selects.
type StatsQuery struct {
	Since  time.Time
	Now    time.Time // where the rate of growth ends: a log that is quiet now does not grow
	Issuer string    // if not empty, only what happened under this issuer
	Tenant *string   // if not nil, only what happened in this tenant
	Top    int       // at most so many people and clients
}

// Selects reports whether a group is to be counted.
func (q *StatsQuery) Selects(g *Group) bool {
	return (q.Issuer == "" || g.Issuer == q.Issuer) && (q.Tenant == nil || g.Tenant == *q.Tenant)
}

// Stats sums up a log: its size, and what happened since a time.
type Stats struct {
	Size     Size        `json:"size"`
	Since    time.Time   `json:"since"`
	Issuer   string      `json:"issuer,omitempty"` // as in the query: all that follows is of it
	Tenant   *string     `json:"tenant,omitempty"`
	Rows     int64       `json:"rows"`     // since then
	Calls    Outcomes    `json:"calls"`    // since then, like all that follows
	Tools    []ToolStats `json:"tools"`    // in order of name
	Days     []DayStats  `json:"days"`     // UTC, oldest first; days without calls are left out
	Denials  []Count     `json:"denials"`  // of calls, by reason, most first
	Refusals []Count     `json:"refusals"` // before they were calls, by event and reason, most first
	Subjects []UseStats  `json:"subjects"` // busiest first
	Clients  []UseStats  `json:"clients"`  // busiest first
}

// Size is how large a log is.
type Size struct {
	FirstSeq     int64     `json:"first_seq"` // 0 if there is no row
	LastSeq      int64     `json:"last_seq"`
	FirstAt      time.Time `json:"first_at"`
	LastAt       time.Time `json:"last_at"`
	RowBytes     int64     `json:"row_bytes"`      // of an average row with its part of the indexes, estimated
	Bytes        int64     `json:"bytes"`          // of all rows, estimated
	FileBytes    int64     `json:"file_bytes"`     // of the database
	FreeBytes    int64     `json:"free_bytes"`     // in it, which it can use again
	WALBytes     int64     `json:"wal_bytes"`      // of the write-ahead log
	RowsPerDay   int64     `json:"rows_per_day"`   // since the time, or the first row
	BytesPerYear int64     `json:"bytes_per_year"` // at that rate
}

// Outcomes counts calls.
type Outcomes struct {
	Allowed int64 `json:"allowed"`
	Denied  int64 `json:"denied"`
}

func (o *Outcomes) add(d Decision, n int64) {
	if d == Allow {
		o.Allowed += n
	} else {
		o.Denied += n
	}
}

func (o Outcomes) sum() int64 { return o.Allowed + o.Denied }

// ToolStats are the calls of one tool.
type ToolStats struct {
	Tool string `json:"tool"`
	Outcomes
}

// DayStats are the calls of one day.
type DayStats struct {
	Day string `json:"day"` // 2006-01-02
	Outcomes
}

// Count is how often something happened.
type Count struct {
	Event  Kind   `json:"event"`
	Reason Reason `json:"reason"`
	Count  int64  `json:"count"`
}

// UseStats are the calls of one person or client.
type UseStats struct {
	Issuer string  `json:"issuer"`
	Tenant string  `json:"tenant"`
	Name   *string `json:"name"` // subject or client id; nil for all who were erased
	Outcomes
}

// Group stands for rows that are equal in all that the statistics tell apart.
type Group struct {
	Day            int64 // since 1970
	Event          Kind
	Tool           string
	Decision       Decision
	Reason         Reason
	Rows           int64
	Times          int64 // how often it happened: of a counted event more than once a row
	Issuer, Tenant string
	Subject        *string // of calls
	ClientID       *string
}

// Tally adds up groups of rows. The zero value is ready. Its memory grows with the days,
// people and clients, not with the rows.
type Tally struct {
	rows     int64
	calls    Outcomes
	tools    map[string]*Outcomes
	days     map[int64]*Outcomes
	counts   map[Count]int64
	subjects map[use]*Outcomes
	clients  map[use]*Outcomes
}

// use is a person or a client.
type use struct {
	issuer, tenant, name string
	erased               bool
}

func useOf(g *Group, name *string) use {
	if name == nil {
		return use{g.Issuer, g.Tenant, "", true}
	}
	return use{g.Issuer, g.Tenant, *name, false}
}

func bump[K comparable](m *map[K]*Outcomes, key K, d Decision, n int64) {
	if *m == nil {
		*m = make(map[K]*Outcomes)
	}
	o := (*m)[key]
	if o == nil {
		o = new(Outcomes)
		(*m)[key] = o
	}
	o.add(d, n)
}

// Add adds a group.
func (t *Tally) Add(g Group) {
	t.rows += g.Rows
	if t.counts == nil {
		t.counts = make(map[Count]int64)
	}
	if g.Decision == Deny {
		t.counts[Count{Event: g.Event, Reason: g.Reason}] += g.Times
	}
	if !g.Event.IsCall() {
		return
	}
	t.calls.add(g.Decision, g.Rows)
	bump(&t.tools, g.Tool, g.Decision, g.Rows)
	bump(&t.days, g.Day, g.Decision, g.Rows)
	bump(&t.subjects, useOf(&g, g.Subject), g.Decision, g.Rows)
	bump(&t.clients, useOf(&g, g.ClientID), g.Decision, g.Rows)
}

// Stats returns what was added, with at most top subjects and clients.
func (t *Tally) Stats(top int) Stats {
	s := Stats{
		Rows: t.rows, Calls: t.calls, Tools: []ToolStats{}, Days: []DayStats{}, Denials: []Count{}, Refusals: []Count{},
		Subjects: busiest(t.subjects, top), Clients: busiest(t.clients, top),
	}
	for _, tool := range slices.Sorted(maps.Keys(t.tools)) {
		s.Tools = append(s.Tools, ToolStats{tool, *t.tools[tool]})
	}
	for _, day := range slices.Sorted(maps.Keys(t.days)) {
		s.Days = append(s.Days, DayStats{time.Unix(day*86400, 0).UTC().Format(time.DateOnly), *t.days[day]})
	}
	for c, n := range t.counts {
		c.Count = n
		if c.Event.IsCall() {
			s.Denials = append(s.Denials, c)
		} else {
			s.Refusals = append(s.Refusals, c)
		}
	}
	most := func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Event, b.Event), cmp.Compare(a.Reason, b.Reason))
	}
	slices.SortFunc(s.Denials, most)
	slices.SortFunc(s.Refusals, most)
	return s
}

func busiest(uses map[use]*Outcomes, top int) []UseStats {
	list := slices.SortedFunc(maps.Keys(uses), func(a, b use) int {
		return cmp.Or(cmp.Compare(uses[b].sum(), uses[a].sum()), cmp.Compare(a.issuer, b.issuer), cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.name, b.name))
	})
	out := make([]UseStats, min(top, len(list)))
	for i := range out {
		u := list[i]
		out[i] = UseStats{Issuer: u.issuer, Tenant: u.tenant, Name: &u.name, Outcomes: *uses[u]}
		if u.erased {
			out[i].Name = nil
		}
	}
	return out
}
