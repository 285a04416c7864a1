package main

import (
	"fmt"
	"io"

	"todomanager/internal/todos"
)

// tellElsewhere tells of what is stored about a person in tenants that theirs was moved
// from or to. It is not given out or erased together with the rest: only the operator knows
// whether the old issuer's subject is still the same person.
func tellElsewhere(w io.Writer, there []todos.Owner) {
	for _, o := range there {
		fmt.Fprintf(w, "server: more is stored about subject %q under issuer %q and tenant %q, since a tenant was moved: run this command for them too\n", o.Subject, o.Issuer, o.Tenant)
	}
}
