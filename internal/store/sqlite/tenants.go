package sqlite

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"todomanager/internal/store/sqlite/internal/sqlitedb"
)

// TenantID names a tenant.
type TenantID struct {
	Issuer string `json:"issuer"`
	Tenant string `json:"tenant"` // empty where the issuer has no tenant claim
}

// Tenant is what a database holds of one tenant.
type Tenant struct {
	TenantID
	People     int64 // who have todos
	Todos      int64
	Bytes      int64 // of the todos' text
	Blocked    int64
	AuditRows  int64
	LastActive time.Time // of the newest call or todo; zero if there is none
}

// tenantsPage is how many audit rows are counted in one statement: whatever they are, SQLite
// sorts no more than that many at a time.
const tenantsPage = 1 << 14

// ListTenants returns every tenant that has todos, blocked people or audit rows. It opens
// the database read-only. Audit rows are counted from the newest back, for at most scanTime:
// those from row firstSeq on, which is 0 if all were.
func ListTenants(ctx context.Context, path string, scanTime time.Duration) (list []Tenant, firstSeq int64, err error) {
	log, err := OpenAuditLog(ctx, path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	tenants := make(tenantSet)
	if err := tenants.addPeople(ctx, log.queries); err != nil {
		return nil, 0, log.unreadable(err)
	}
	if firstSeq, err = tenants.addRows(ctx, log, scanTime); err != nil {
		return nil, 0, log.unreadable(err)
	}
	return tenants.list(), firstSeq, nil
}

type tenantSet map[TenantID]*Tenant

func (s tenantSet) at(issuer, tenant string) *Tenant {
	id := TenantID{issuer, tenant}
	if s[id] == nil {
		s[id] = &Tenant{TenantID: id}
	}
	return s[id]
}

func (t *Tenant) activeAt(milli int64) {
	if at := time.UnixMilli(milli).UTC(); milli > 0 && at.After(t.LastActive) {
		t.LastActive = at
	}
}

func (s tenantSet) addPeople(ctx context.Context, q *sqlitedb.Queries) error {
	counts, err := q.TodosByTenant(ctx)
	if err != nil {
		return err
	}
	for _, c := range counts {
		size, err := q.TodosOfTenantSize(ctx, sqlitedb.TodosOfTenantSizeParams{Issuer: c.Issuer, Tenant: c.Tenant})
		if err != nil {
			return err
		}
		t := s.at(c.Issuer, c.Tenant)
		t.People, t.Todos, t.Bytes = c.People, c.Todos, size.Bytes
		t.activeAt(size.Newest)
	}
	blocked, err := q.BlockedByTenant(ctx)
	for _, b := range blocked {
		s.at(b.Issuer, b.Tenant).Blocked = b.People
	}
	return err
}

// addRows counts audit rows. Those without an issuer concern no tenant.
func (s tenantSet) addRows(ctx context.Context, log *AuditLog, scanTime time.Duration) (firstSeq int64, err error) {
	chain, err := log.queries.AuditChain(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for last := chain.HeadSeq; last > chain.BaseSeq; last -= tenantsPage {
		if time.Since(began) > scanTime {
			return last + 1, nil
		}
		rows, err := log.queries.AuditRowsByTenant(ctx, sqlitedb.AuditRowsByTenantParams{After: max(chain.BaseSeq, last-tenantsPage), Last: last})
		if err != nil {
			return 0, err
		}
		for _, r := range rows {
			if r.Issuer != "" {
				t := s.at(r.Issuer, r.Tenant)
				t.AuditRows += r.RowCount
				t.activeAt(r.LastCall)
			}
		}
	}
	return 0, nil
}

func (s tenantSet) list() []Tenant {
	list := make([]Tenant, 0, len(s))
	for _, t := range s {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b Tenant) int {
		return cmp.Or(cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.TenantID.Tenant, b.TenantID.Tenant))
	})
	return list
}
