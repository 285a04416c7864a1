package audit_test

import (
	"errors"
	"slices"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
)

// allowed is a good event.
func allowed() audit.Event {
	return audit.Event{
		Call: audit.Call{Principal: auth.Principal{Issuer: "https://id.example", Subject: "alice"}},
		Tool: "create-todo", Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope, ScopesUsed: auth.Scopes{"create:todos"},
	}
}

func denied(reason audit.Reason) audit.Event {
	e := allowed()
	e.Decision, e.Reason, e.Basis, e.ScopesUsed = audit.Deny, reason, audit.BasisNone, nil
	return e
}

// TestCheck: each rule of the record, by an event that breaks it alone.
func TestCheck(t *testing.T) {
	for name, spoil := range map[string]func(*audit.Event){
		"no tool":                      func(e *audit.Event) { e.Tool = "" },
		"no decision":                  func(e *audit.Event) { e.Decision = "" },
		"a third decision":             func(e *audit.Event) { e.Decision = "maybe" },
		"no reason":                    func(e *audit.Event) { e.Reason = "" },
		"a reason that is not listed":  func(e *audit.Event) { *e = denied("bad_luck") },
		"allowed in spite of a reason": func(e *audit.Event) { e.Reason = audit.ReasonNotOwner },
		"denied although all is well":  func(e *audit.Event) { *e = denied(audit.ReasonOK) },
		"allowed without a basis":      func(e *audit.Event) { e.Basis = audit.BasisNone },
		"ownership that used scopes":   func(e *audit.Event) { e.Basis = audit.BasisOwner },
		"no issuer":                    func(e *audit.Event) { e.Call.Principal.Issuer = "" },
		"no subject":                   func(e *audit.Event) { e.Call.Principal.Subject = "" },
		"the zero event":               func(e *audit.Event) { *e = audit.Event{} },
	} {
		e := allowed()
		spoil(&e)
		if err := e.Check(); !errors.Is(err, audit.ErrBadEvent) {
			t.Errorf("%s: %v, want %v", name, err, audit.ErrBadEvent)
		}
	}
}

func TestCheckGood(t *testing.T) {
	owner := allowed()
	owner.Basis, owner.ScopesUsed = audit.BasisOwner, nil
	good := []audit.Event{allowed(), owner}
	for _, reason := range audit.Reasons() {
		if reason != audit.ReasonOK {
			good = append(good, denied(reason))
		}
	}
	for _, e := range good {
		if err := e.Check(); err != nil {
			t.Errorf("%s because of %s: %v", e.Decision, e.Reason, err)
		}
	}
}

// TestReasons: the list is what operators filter by and what the database accepts.
func TestReasons(t *testing.T) {
	want := []audit.Reason{
		"ok", "missing_scope", "not_owner", "not_found", "blocked_user", "quota_exceeded",
		"invalid_arguments", "unknown_tool", "storage_low", "internal_error",
	}
	if got := audit.Reasons(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	audit.Reasons()[0] = "changed"
	if got := audit.Reasons(); got[0] != "ok" {
		t.Error("a caller can change the list")
	}
}
