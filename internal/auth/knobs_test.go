package auth_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"todomanager/internal/auth"

	"github.com/google/go-cmp/cmp"
)

// TestKnobs exercises the settings that provider profiles are made of.
func TestKnobs(t *testing.T) {
	const invalid = auth.ReasonInvalidToken
	by := func(change func(*auth.Issuer)) setup { return setup{issuer: change} }
	tenant := by(func(i *auth.Issuer) { i.TenantClaim = "tid" })
	cognito := by(func(i *auth.Issuer) { i.AudienceClaim, i.Audiences = "client_id", []string{"app-1"} })
	machine := by(func(i *auth.Issuer) { i.AllowMachine = true })
	okta := by(func(i *auth.Issuer) { i.SubjectClaim, i.ClientClaims = "uid", []string{"cid"} })
	runCases(t, []tokenCase{
		{id: "C25_listed", setup: cognito, token: claims(map[string]any{"aud": nil, "client_id": "app-1"}), fetches: cold},
		{id: "C25_unlisted", setup: cognito, token: claims(map[string]any{"aud": nil}), want: auth.ReasonInvalidAudience, fetches: cold},
		{id: "C33_machine", setup: machine, token: claim("sub", "client-"+secret), fetches: cold},
		{id: "C32", setup: tenant, token: claim("tid", "t|1"), fetches: cold, check: func(t *testing.T, p auth.Principal) {
			if p.Tenant != "t|1" || p.Subject != "alice-"+secret { // own fields, never joined
				t.Errorf("tenant %q", p.Tenant)
			}
		}},
		{id: "tenant_missing", setup: tenant, token: claim("tid", nil), want: invalid, fetches: cold},
		{id: "tenant_empty", setup: tenant, token: claim("tid", ""), want: invalid, fetches: cold},
		{id: "tenant_number", setup: tenant, token: claim("tid", 1), want: invalid, fetches: cold},
		{id: "tenant_case", setup: tenant, token: claims(map[string]any{"tid": "a", "TID": "b"}), want: invalid},
		{id: "tenant_elsewhere", setup: tenant, token: claims(map[string]any{"tid": "a", "_claim_names": map[string]any{"tid": "s"},
			"_claim_sources": map[string]any{"s": map[string]any{}}}), want: invalid, fetches: cold},
		{id: "subject_claim", setup: okta, token: claims(map[string]any{"uid": "00u1", "cid": "0oa1"}), fetches: cold, check: func(t *testing.T, p auth.Principal) {
			if p.Subject != "00u1" || p.ClientID != "0oa1" {
				t.Errorf("principal %+v", p)
			}
		}},
		{id: "subject_claim_missing", setup: okta, token: claim("uid", nil), want: invalid, fetches: cold},
		{id: "lifetime", setup: by(func(i *auth.Issuer) { i.MaxLifetime = time.Minute }), token: claim("x", 1), want: invalid, fetches: cold},
	})
}

// TestScopes covers the P rows that are decided here.
func TestScopes(t *testing.T) {
	by := func(change func(*auth.Issuer)) func(*auth.Issuer) { return change }
	scp := by(func(i *auth.Issuer) { i.ScopeClaims = []string{"scp", "scope"} })
	prefix := by(func(i *auth.Issuer) { i.ScopePrefixes = []string{"api://todo/", "todo:"} })
	roles := by(func(i *auth.Issuer) {
		i.ScopeClaims = []string{"roles"}
		i.ScopeMap = map[string][]string{"Admin": {"create:todos", "delete:todos"}}
	})
	for _, c := range []struct {
		id     string
		issuer func(*auth.Issuer)
		claims map[string]any
		want   auth.Scopes
	}{
		{"P01_absent", nil, map[string]any{"scope": nil}, nil},
		{"P01_no_name", nil, map[string]any{"scope": nil, "": "delete:todos"}, nil},
		{"P01_no_name_list", scp, map[string]any{"": []string{"delete:todos"}}, nil},
		{"P01_no_name_map", roles, map[string]any{"": map[string]any{"Admin": true}}, nil},
		{"P01_empty", nil, map[string]any{"scope": ""}, nil},
		{"P01_blank", nil, map[string]any{"scope": "  "}, nil},
		{"P02", scp, map[string]any{"scp": []string{"delete:todos", "create:todos"}}, auth.Scopes{"create:todos", "delete:todos"}},
		{"P02_string", scp, map[string]any{"scp": "delete:todos"}, auth.Scopes{"delete:todos"}},
		{"P03", nil, map[string]any{"scope": []any{[]any{"delete:todos"}, 1, nil, map[string]any{"delete:todos": true}, "read:todos"}}, auth.Scopes{"read:todos"}},
		{"P03_number", nil, map[string]any{"scope": 1}, nil},
		{"P03_object", nil, map[string]any{"scope": map[string]any{"delete:todos": true}}, nil},
		{"P03_null", nil, map[string]any{"scope": raw("null")}, nil},
		{"P04", nil, map[string]any{"scope": "delete:todosx xdelete:todos DELETE:TODOS delete:* delete"},
			auth.Scopes{"DELETE:TODOS", "delete", "delete:*", "delete:todosx", "xdelete:todos"}},
		{"P05_tab", nil, map[string]any{"scope": "delete:todos\tread:todos"}, nil},
		{"P05_newline", nil, map[string]any{"scope": "delete:todos\nread:todos"}, nil},
		{"P05_nbsp", nil, map[string]any{"scope": "delete:todos\u00a0read:todos"}, nil},
		{"P05_comma", nil, map[string]any{"scope": "delete:todos,read:todos"}, auth.Scopes{"delete:todos,read:todos"}},
		{"P06", scp, map[string]any{"scp": []string{"read:todos"}, "scope": "delete:todos"}, auth.Scopes{"read:todos"}},
		{"P06_first_is_junk", scp, map[string]any{"scp": 1, "scope": "delete:todos"}, nil},
		{"P06_second", scp, map[string]any{"scope": "delete:todos"}, auth.Scopes{"delete:todos"}},
		{"P07", scp, map[string]any{"scp": []string{"create:todos delete:todos"}}, nil},
		{"P08", nil, map[string]any{"scope": "read:todos", "permissions": []string{"delete:todos"}, "roles": []string{"delete:todos"}, "scp": "delete:todos"}, auth.Scopes{"read:todos"}},
		{"P09", prefix, map[string]any{"scope": "api://other/delete:todos api://todo/create:todos todo:read:todos delete:todos"}, auth.Scopes{"create:todos", "read:todos"}},
		{"map", roles, map[string]any{"roles": []string{"Admin"}, "scope": "read:todos"}, auth.Scopes{"create:todos", "delete:todos"}},
		{"map_unlisted", roles, map[string]any{"roles": []string{"delete:todos", "admin"}}, nil},
	} {
		row(t, c.id, func(t *testing.T) {
			e := newEnv(t, setup{issuer: c.issuer})
			claims := map[string]any{"scope": nil}
			maps.Copy(claims, c.claims)
			token := e.token(claims)
			r := e.get("/?needs=delete:todos", "Authorization: Bearer "+token)
			e.checkExamine(token)
			if diff := cmp.Diff(c.want, e.caller().Scopes); diff != "" {
				t.Errorf("scopes (-want +got):\n%s", diff)
			}
			if want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}[c.want.Has("delete:todos")]; r.StatusCode != want {
				t.Errorf("status %s, want %d", r.Status, want)
			}
		})
	}
}
