// Package devauth is an OAuth 2.0 authorization server for development: it lets
// somebody try the product on one machine without setting up an identity
// provider first. It has no passwords. Whoever can reach its loopback listener
// can sign in as any of the configured people, so [New] refuses every
// issuer that is not loopback, and it must never be put on a network.
//
// Within that limit it behaves as a strict modern provider does, so that what
// works here works elsewhere:
//
//   - authorization code with PKCE S256, nothing else (RFC 6749, RFC 7636),
//     and the iss parameter in every authorization response (RFC 9207);
//   - metadata for OAuth (RFC 8414) and OpenID Connect discovery, and a key set
//     (RFC 7517); ID tokens are not issued, and "openid" is not advertised;
//   - open dynamic client registration (RFC 7591) for native clients: loopback
//     redirects on any port (RFC 8252 section 7.3) and private-use schemes;
//   - access tokens as ES256 JWTs (RFC 9068) for one resource (RFC 8707);
//   - rotating refresh tokens whose reuse ends the grant (RFC 9700 section
//     4.14.2), and revocation (RFC 7009).
//
// A sign-in takes two pages that need neither script nor cookie. GET /authorize
// checks the request, keeps it as a flow under an unguessable id and shows the
// people to choose from; POST /authorize/account shows the consent page for the
// chosen one; POST /authorize/decision ends the flow and returns to the client.
//
// From consent on, everything that belongs to one sign-in is one grant. Its
// authorization code and all its refresh tokens start with the grant's id, so a
// value that was used before, however long ago, still names the grant to end.
// Clients and grants live in state.json and the signing key in
// signing-key.pem, both in Config.Dir. Secrets, codes and refresh tokens
// are kept as SHA-256 only. One process at a time may use a folder.
package devauth
