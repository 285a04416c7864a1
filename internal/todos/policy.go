package todos

import (
	"todomanager/internal/audit"
	"todomanager/internal/auth"
)

// The scopes of the product. What someone may do without any of them follows from
// ownership: seeing and deleting one's own todos.
const (
	ScopeCreate = "create:todos" // create todos
	ScopeRead   = "read:todos"   // see every todo of the tenant
	ScopeDelete = "delete:todos" // delete any todo of the tenant
	ScopeAudit  = "read:audit"   // see the tenant's audit log
)

// Scopes returns the scopes that people are asked for, in the order in which they are
// shown. [ScopeAudit] is not among them: several providers refuse to answer a client that
// asks for a scope which the person may not have.
func Scopes() []string { return []string{ScopeCreate, ScopeRead, ScopeDelete} }

// decision is the answer to "may this caller do that", with what the record says of it.
// The zero value denies.
type decision struct {
	allowed bool
	reason  audit.Reason
	basis   audit.Basis
	used    auth.Scopes
}

func byScope(scope string) decision {
	return decision{allowed: true, reason: audit.ReasonOK, basis: audit.BasisScope, used: auth.Scopes{scope}}
}

func byOwnership() decision {
	return decision{allowed: true, reason: audit.ReasonOK, basis: audit.BasisOwner}
}

func denied(reason audit.Reason) decision {
	return decision{reason: reason}
}

// mayCreate: holders of create:todos.
func mayCreate(p auth.Principal) decision {
	if p.Scopes.Has(ScopeCreate) {
		return byScope(ScopeCreate)
	}
	return denied(audit.ReasonMissingScope)
}

// mayList: everybody, their own todos; holders of read:todos, the whole tenant's. The
// basis tells which.
func mayList(p auth.Principal) decision {
	if p.Scopes.Has(ScopeRead) {
		return byScope(ScopeRead)
	}
	return byOwnership()
}

// mayReadLog: holders of read:audit, the tenant's.
func mayReadLog(p auth.Principal) decision {
	if p.Scopes.Has(ScopeAudit) {
		return byScope(ScopeAudit)
	}
	return denied(audit.ReasonMissingScope)
}

// mayDelete: the owner, and holders of delete:todos. Ownership decides first, so that
// the record shows when a scope was really needed. The todo is known to be of the
// caller's tenant: no other is ever looked up.
func mayDelete(p auth.Principal, ownerID string) decision {
	switch {
	case ownerID == p.Subject:
		return byOwnership()
	case p.Scopes.Has(ScopeDelete):
		return byScope(ScopeDelete)
	default:
		return denied(audit.ReasonNotOwner)
	}
}

// event completes e with the decision.
func (d decision) event(call audit.Call, tool string, e audit.Event) audit.Event {
	e.Call, e.Tool, e.Decision, e.Reason, e.Basis, e.ScopesUsed = call, tool, audit.Deny, d.reason, d.basis, d.used
	if d.allowed {
		e.Decision = audit.Allow
	}
	return e
}
