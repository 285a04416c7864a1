// Package auth answers one question: who is calling?
//
// The server is an OAuth 2.0 resource server. It signs nobody in; it trusts
// one or more authorization servers ([Issuer]) and reads the access token that
// comes with each request. Two types do the work:
//
//   - [Verifier] turns the text of a token into a [Principal], or refuses it.
//     It knows nothing of HTTP requests.
//   - [Guard] is the HTTP side: it takes exactly one bearer token from a
//     request (RFC 6750), asks the verifier, and either passes the request on
//     with the principal in its context or answers 400, 401, 429 or 503. It also
//     writes the 403 for a missing scope and serves the protected resource
//     metadata (RFC 9728) that all of these answers point to.
//
// # The way of a token
//
// Each step trusts only what the steps before it established. A token that is
// no JWT leaves the way at step 3: it is introspected ([Introspection]), or
// refused if no issuer is configured for that.
//
//  1. Size: at most [MaxTokenBytes].
//  2. Cache: a token verified before, still alive, signed by a key its issuer
//     still publishes. What is not in the cache is looked at only if
//     [Options].Admit lets it.
//  3. Form: compact serialization, canonical base64url, header and claims each
//     one JSON object without duplicate or case-variant members. No key, key
//     address or certificate is ever taken from a token.
//  4. Issuer: the claim names a configured issuer, byte for byte. Until here
//     nothing has touched the network, so a stranger's token cannot cause any
//     request to anywhere.
//  5. Signature: a key of that issuer, used only with the algorithm the key is
//     for.
//  6. Claims policy: RFC 9068 unless the issuer is configured otherwise, which
//     it must be for most providers ([Profile]).
//
// # Keys
//
// Each issuer's keys are found by discovery, refreshed in the background by
// [Verifier.Run], and kept through outages for up to a day. A request may
// cause one further fetch for a key id nobody has seen, at most every 30
// seconds for each issuer, whatever arrives. An issuer out of reach is never a
// reason to refuse or to accept a token: it is [ErrUnavailable], HTTP 503.
//
// # When it does not work
//
// [Verifier.Survey] asks the issuers what they offer, [Verifier.Examine] goes
// through one token rule by rule. Both are for an operator, who gets a
// [Finding] with what to fix for each thing that was looked at.
//
// # What a client learns
//
// Answers are constant texts, one for each [Reason]. Nothing of a token, and no
// library's error text, reaches a header or a body; untrusted issuer, unknown
// key and bad signature are one and the same answer. The operator's log has the
// detail, without token or claim values.
package auth
