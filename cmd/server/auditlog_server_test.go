package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"todomanager/internal/auth/authtest"
)

// TestAuditLogOfATenant: two tenants of one issuer, and an issuer whose roles grant the
// scope, all with the same subjects. Each auditor sees one log, whatever they look for.
func TestAuditLogOfATenant(t *testing.T) {
	port := freePort()
	tenants, roles := newTestSite(t, "http://localhost:"+port), newTestSite(t, "http://localhost:"+port)
	p := startServe(t, port, fmt.Sprintf(`issuer:
  - {url: %q, tenant-claim: org}
  - {url: %q, scope-claims: [roles], scope-map: {auditor: [read:audit], user: [create:todos]}}
`, tenants.issuer.URL, roles.issuer.URL))
	of := func(s *testSite, subject, scope, claim, value string) string {
		return s.issuer.Token(authtest.Claims{Subject: subject, Scope: scope, ClientID: "client", Extra: map[string]any{claim: value}})
	}
	const user, auditor = "create:todos", "read:audit"
	people := []struct{ name, alice, auditor string }{
		{"acme", of(tenants, "alice", user, "org", "acme"), of(tenants, "auditor", auditor, "org", "acme")},
		{"other", of(tenants, "alice", user, "org", "other"), of(tenants, "auditor", auditor, "org", "other")},
		{"roles", of(roles, "alice", auditor, "roles", "user"), of(roles, "auditor", user, "roles", "auditor")},
	}
	ids := make([]string, len(people))
	for i, tenant := range people {
		got := p.call(t, p.url, tenant.alice, "create-todo", `{"content":"milk"}`)
		_, rest, _ := strings.Cut(got.body, `"structuredContent":{"id":"`)
		if ids[i], _, _ = strings.Cut(rest, `"`); got.status != http.StatusOK || len(ids[i]) != 13 {
			t.Fatalf("%s: %d %s", tenant.name, got.status, got.body)
		}
		if got := p.call(t, p.url, tenant.alice, "get-audit-log", ""); got.status != http.StatusForbidden {
			t.Errorf("%s: without the scope %d %s", tenant.name, got.status, got.body)
		}
	}
	for i, tenant := range people {
		for _, arguments := range []string{``, `{"subject":"alice","tool":"create-todo"}`, `{"targetId":"ID"}`, `{"clientId":"client","decision":"allow","reason":"ok"}`} {
			got := readAuditLog(t, p, tenant.auditor, strings.ReplaceAll(arguments, "ID", ids[i]))
			if len(got) == 0 || !strings.Contains(strings.Join(got, " "), ids[i]) {
				t.Errorf("%s looks for %q: own row is not in %v", tenant.name, arguments, got)
			}
			for j := range people {
				if j != i && strings.Contains(strings.Join(got, " "), ids[j]) {
					t.Errorf("%s looks for %q: a row of %s is in %v", tenant.name, arguments, people[j].name, got)
				}
			}
		}
		if got := readAuditLog(t, p, tenant.auditor, `{"targetId":"`+ids[(i+1)%len(ids)]+`"}`); len(got) != 0 {
			t.Errorf("%s looks for another tenant's todo: %v", tenant.name, got)
		}
	}
}

// readAuditLog returns the todos of the rows that an auditor sees, "-" for rows without.
func readAuditLog(t *testing.T, p *program, token, arguments string) (targets []string) {
	t.Helper()
	got := p.call(t, p.url, token, "get-audit-log", arguments)
	var answer struct {
		Result struct {
			IsError           bool
			StructuredContent struct{ Rows []struct{ TargetID string } }
		}
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status != http.StatusOK || answer.Result.IsError {
		t.Fatalf("get-audit-log %s: %v, %d %s", arguments, err, got.status, got.body)
	}
	for _, row := range answer.Result.StructuredContent.Rows {
		if row.TargetID == "" {
			row.TargetID = "-"
		}
		targets = append(targets, row.TargetID)
	}
	return targets
}
