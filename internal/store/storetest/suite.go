package storetest

import (
	"context"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// Store is what the suite tests: a store of todos whose audit log can be read.
type Store interface {
	todos.Store
	// Each calls yield for every row that f selects, oldest first.
	Each(ctx context.Context, f audit.Filter, yield func(audit.Row) error) error
	// Erase takes a person out of all that is stored, as an operator does.
	Erase(ctx context.Context, who todos.Owner) error
}

// Opener returns a new and empty store that takes the time from now, and closes it when
// the test ends.
type Opener func(t *testing.T, now func() time.Time) Store

// Run tests the stores that open returns, each part on a store of its own.
func Run(t *testing.T, open Opener) {
	for _, part := range []struct {
		name string
		run  func(*fixture)
	}{
		{"todo is kept until deleted", kept},
		{"id is unique in its tenant", uniqueID},
		{"delete hits its owner's todo alone", deleteExact},
		{"text comes back byte for byte", text},
		{"lists stay apart", listsApart},
		{"ids stay apart", idsApart},
		{"deletions stay apart", deletionsApart},
		{"pages show each todo once", pages},
		{"long contents", longContents},
		{"deletions between pages", deletionsBetweenPages},
		{"additions between pages", additionsBetweenPages},
		{"position of somebody else", foreignPosition},
		{"todos are counted", counts},
		{"counts stay apart", countsApart},
		{"row has every column", wholeRow},
		{"log has no gaps", noGaps},
		{"failed call leaves nothing", failedCall},
		{"time never goes back", timeForward},
		{"one time for one call", oneTime},
		{"log is filtered", filtered},
		{"logs stay apart", logsApart},
		{"filters of the log stay apart", logFiltersApart},
		{"a log of no tenant", logOfNobody},
		{"filters of the log are exact", logFilters},
		{"erased rows in the log", logErased},
		{"pages of the log show each row once", logPages},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(newFixture(t, open)) })
	}
}
