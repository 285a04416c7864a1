// Package audit is the record of who did what, with which scopes, and why it was
// allowed or refused.
//
// Every tools/call and prompts/get leaves exactly one [Event], whatever its fate. The
// event of a change is written in the transaction of the change, so neither exists
// without the other; the event of a read is committed before its data leaves. There is
// no switch that turns this off, and a call whose event cannot be written changes nothing.
//
// An event holds identifiers and decisions only: never a token, the text of a todo,
// or free text of a caller's choosing.
//
// The package has the vocabulary ([Event], [Row]), the hash chain ([Row.HashAfter]) and
// its proof ([Signer], [Notary], [Verify]), archives ([Archive], [VerifySegments]),
// refusals that are only counted ([Counts]), statistics ([Tally]) and the printed forms
// ([JSONL], [CSV], [Table]). Storing rows is a store's business; what they say is decided
// by the package whose action they record.
package audit
