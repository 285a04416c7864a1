package sqlite

import (
	"database/sql"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
)

// paramsOf spells a row as the insert statement takes it.
func paramsOf(r *audit.Row) sqlitedb.AppendAuditParams {
	return sqlitedb.AppendAuditParams{
		Seq: r.Seq, OccurredAt: r.OccurredAt.UnixMilli(), Event: string(r.Event), Tool: r.Tool,
		Decision: string(r.Decision), Reason: string(r.Reason), Basis: string(r.Basis),
		ScopesGranted: r.ScopesGranted, ScopesUsed: r.ScopesUsed, TargetID: nullText(r.TargetID), ResultCount: nullNumber(r.ResultCount),
		Issuer: r.Issuer, Tenant: r.Tenant, RequestID: r.RequestID, TraceID: nullText(r.TraceID), DurationUs: r.DurationUS,
		Details: nullText(r.Details), Subject: nullText(r.Subject), ClientID: nullText(r.ClientID), TokenSHA256: r.TokenSHA256,
		TokenID: nullText(r.TokenID), ActorSalt: r.ActorSalt, TargetSubject: nullText(r.TargetSubject), TargetSalt: r.TargetSalt,
		Hash: r.Hash[:],
	}
}

// auditColumns are the columns of audit_log in the order of scanRow.
const auditColumns = `seq, chain, occurred_at, event, tool, decision, reason, basis, scopes_granted, scopes_used,
	target_id, result_count, issuer, tenant, request_id, trace_id, duration_us, details,
	subject, client_id, token_sha256, token_id, actor_salt, actor_commit, target_subject, target_salt, target_commit, hash`

// scanRow reads auditColumns. A hash that has not the length of one comes out as zeros,
// which is the hash of nothing.
func scanRow(rows *sql.Rows) (r audit.Row, err error) {
	var at int64
	var tokenHash, actorSalt, actorCommit, targetSalt, targetCommit, hash []byte
	err = rows.Scan(&r.Seq, &r.Chain, &at, &r.Event, &r.Tool, &r.Decision, &r.Reason, &r.Basis, &r.ScopesGranted, &r.ScopesUsed,
		&r.TargetID, &r.ResultCount, &r.Issuer, &r.Tenant, &r.RequestID, &r.TraceID, &r.DurationUS, &r.Details,
		&r.Subject, &r.ClientID, &tokenHash, &r.TokenID, &actorSalt, &actorCommit, &r.TargetSubject, &targetSalt, &targetCommit, &hash)
	r.OccurredAt = time.UnixMilli(at).UTC()
	r.TokenSHA256, r.ActorSalt, r.ActorCommit, r.TargetSalt, r.TargetCommit = tokenHash, actorSalt, actorCommit, targetSalt, targetCommit
	if len(hash) == len(r.Hash) {
		r.Hash = audit.Hash(hash)
	}
	return r, err
}

func nullText(s *string) sql.NullString {
	if s == nil {
		return sql.NullString{}
	}
	return sql.NullString{String: *s, Valid: true}
}

func nullNumber(n *int64) sql.NullInt64 {
	if n == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: *n, Valid: true}
}
