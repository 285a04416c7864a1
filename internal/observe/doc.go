// Package observe builds the program's one logger, keeps a stuck log output from
// stopping the program ([Outlet]), and carries what ties a request's log lines,
// answer and audit row together: request id, trace id, client address.
//
// [NewLogger] is for people on a terminal and for machines elsewhere. Whatever
// is logged passes two filters there, so that no caller has to remember them:
// attributes whose key names a secret or personal data are replaced by
// "[redacted]", and no control character reaches the output raw, so that a
// hostile value can neither forge a line nor drive a terminal. Messages are
// constant texts; what varies, and above all what a client sent, goes into
// attributes.
package observe
