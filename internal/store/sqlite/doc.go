// Package sqlite keeps todos and the audit log in one SQLite file.
//
// There is one writer. Calls that arrive together are committed together: each runs in
// a savepoint of its own, one fsync serves them all, and nobody is answered before the
// commit that holds their row ([Store.Write]). Readers have connections of their own
// and never wait for the writer, nor it for them (WAL).
//
// A transaction is durable when its caller is answered (synchronous=FULL), as far as
// the disk honours fsync.
//
// The limits of this engine: it is one file on one machine, with one process that
// serves it, kept apart from a second one by a lock file. Network file systems do not
// carry its locks.
//
// [Store] serves calls. [Admin] changes a database for an operator, beside a server or
// without one; [AuditLog] only reads its log; [Restoration] puts a copy in its place.
package sqlite
