package mcp

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// logJSON is a page of the audit log as clients see it.
type logJSON struct {
	Rows       []rowJSON `json:"rows"`
	NextCursor string    `json:"nextCursor,omitempty"`
	ScannedTo  string    `json:"scannedTo,omitempty"`
}

// rowJSON is a row without what only verifies it. What is empty is left out, for the
// sake of models that pay for every word.
type rowJSON struct {
	Seq           int64          `json:"seq"`
	OccurredAt    string         `json:"occurredAt"`
	Event         string         `json:"event"`
	Tool          string         `json:"tool,omitempty"`
	Decision      string         `json:"decision"`
	Reason        string         `json:"reason"`
	Basis         string         `json:"basis,omitempty"`
	ScopesGranted string         `json:"scopesGranted,omitempty"`
	ScopesUsed    string         `json:"scopesUsed,omitempty"`
	TargetID      string         `json:"targetId,omitempty"`
	TargetSubject string         `json:"targetSubject,omitempty"`
	ResultCount   *int64         `json:"resultCount,omitempty"`
	Subject       string         `json:"subject,omitempty"`
	ClientID      string         `json:"clientId,omitempty"`
	TokenSHA256   string         `json:"tokenSha256,omitempty"`
	TokenID       string         `json:"tokenId,omitempty"`
	RequestID     string         `json:"requestId,omitempty"`
	DurationUS    int64          `json:"durationUs,omitzero"`
	Details       jsontext.Value `json:"details,omitzero"`
	Erased        bool           `json:"erased,omitzero"`
}

// logOut is a page of the audit log, which is written as a logJSON.
type logOut todos.LogPage

func (p logOut) appendJSON(b []byte) ([]byte, error) {
	out := logJSON{Rows: make([]rowJSON, len(p.Rows)), NextCursor: p.NextCursor}
	if !p.ScannedTo.IsZero() {
		out.ScannedTo = timeText(p.ScannedTo)
	}
	for i := range p.Rows {
		out.Rows[i] = rowOf(&p.Rows[i])
	}
	text, err := jsonv2.Marshal(out)
	return append(b, text...), err
}

func timeText(t time.Time) string { return string(appendTime(nil, t)) }

func rowOf(r *audit.Row) rowJSON {
	var details jsontext.Value
	if r.Details != nil {
		details = jsontext.Value(*r.Details)
	}
	return rowJSON{
		Seq: r.Seq, OccurredAt: timeText(r.OccurredAt), Event: string(r.Event), Tool: r.Tool,
		Decision: string(r.Decision), Reason: string(r.Reason), Basis: string(r.Basis),
		ScopesGranted: r.ScopesGranted, ScopesUsed: r.ScopesUsed, TargetID: orEmpty(r.TargetID), TargetSubject: orEmpty(r.TargetSubject),
		ResultCount: r.ResultCount, Subject: orEmpty(r.Subject), ClientID: orEmpty(r.ClientID), TokenSHA256: hex.EncodeToString(r.TokenSHA256),
		TokenID: orEmpty(r.TokenID), RequestID: r.RequestID, DurationUS: r.DurationUS, Details: details, Erased: r.Erased(),
	}
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func getAuditLog() tool {
	destructive := false
	return tool{
		definition: define(todos.ToolAudit, "Read the audit log",
			"Shows who did what in the caller's tenant and why it was allowed or refused, newest first. "+
				"If nextCursor is present there may be older rows that match.",
			json.RawMessage(`{
				"type": "object",
				"properties": {
					"limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
					"cursor": {"type": "string", "description": "nextCursor of the previous page"},
					"since": {"type": "string", "format": "date-time"},
					"until": {"type": "string", "format": "date-time"},
					"subject": {"type": "string", "description": "Who acted"},
					"clientId": {"type": "string"},
					"tokenSha256": {"type": "string"},
					"tool": {"type": "string", "description": "A tool, or unknown"},
					"targetId": {"type": "string", "description": "id of a todo"},
					"decision": {"enum": ["allow", "deny"]},
					"reason": {"type": "string", "description": "ok, missing_scope, not_owner, ..."},
					"requestId": {"type": "string"}
				},
				"additionalProperties": false
			}`),
			json.RawMessage(`{
				"type": "object",
				"properties": {
					"rows": {"type": "array", "items": {"type": "object"}},
					"nextCursor": {"type": "string"},
					"scannedTo": {"type": "string", "description": "Rows older than this have not been searched"}
				},
				"required": ["rows"],
				"additionalProperties": false
			}`),
			mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, DestructiveHint: &destructive}),
		decode: decodeLogArguments,
	}
}

func decodeLogArguments(arguments json.RawMessage) (invocation, error) {
	var in struct {
		Limit       *float64 `json:"limit"`
		Cursor      *string  `json:"cursor"`
		Since       *string  `json:"since"`
		Until       *string  `json:"until"`
		Subject     *string  `json:"subject"`
		ClientID    *string  `json:"clientId"`
		TokenSHA256 *string  `json:"tokenSha256"`
		Tool        *string  `json:"tool"`
		TargetID    *string  `json:"targetId"`
		Decision    *string  `json:"decision"`
		Reason      *string  `json:"reason"`
		RequestID   *string  `json:"requestId"`
	}
	if err := decode(arguments, &in); err != nil {
		return nil, err
	}
	limit, err := wholeNumber("limit", in.Limit, todos.DefaultLogPage)
	if err != nil {
		return nil, err
	}
	since, err := parseTime("since", in.Since)
	if err != nil {
		return nil, err
	}
	until, err := parseTime("until", in.Until)
	if err != nil {
		return nil, err
	}
	input := todos.LogInput{
		Limit: limit, Cursor: orEmpty(in.Cursor), Since: since, Until: until, Subject: orEmpty(in.Subject), ClientID: orEmpty(in.ClientID),
		TokenSHA256: orEmpty(in.TokenSHA256), Tool: orEmpty(in.Tool), TargetID: orEmpty(in.TargetID),
		Decision: audit.Decision(orEmpty(in.Decision)), Reason: audit.Reason(orEmpty(in.Reason)), RequestID: orEmpty(in.RequestID),
	}
	return func(ctx context.Context, s Service, call audit.Call) (output, error) {
		page, err := s.ReadLog(ctx, call, input)
		return logOut(page), err
	}, nil
}

func parseTime(argument string, text *string) (time.Time, error) {
	if orEmpty(text) == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		return at, &todos.InvalidError{Argument: argument, Problem: "must be a time such as 2026-01-31T12:00:00Z"}
	}
	return at, nil
}

// listed takes the tools out of a listing that the caller could not call. The result is
// the SDK's, which may keep it.
func listed(res mcp.Result, p auth.Principal) mcp.Result {
	list, ok := res.(*mcp.ListToolsResult)
	if !ok || p.Scopes.Has(todos.ScopeAudit) {
		return res
	}
	copied := *list
	copied.Tools = slices.DeleteFunc(slices.Clone(list.Tools), func(t *mcp.Tool) bool { return t.Name == todos.ToolAudit })
	return &copied
}
