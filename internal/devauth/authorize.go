package devauth

import (
	"encoding/base64"
	"net/http"
	"net/url"
)

// authorize checks an authorization request (RFC 6749 section 4.1.1) and shows
// who can sign in. Until client and redirect URI are known to belong together
// errors stay on a page; redirecting them would make this an open redirector.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxQuery {
		s.errorPage(w, r, "The app's request cannot be read.")
		return
	}
	if len(params["client_id"]) != 1 || len(params["redirect_uri"]) != 1 {
		s.errorPage(w, r, "The app must send one client_id and one redirect_uri.")
		return
	}
	clientID, redirectURI := params.Get("client_id"), params.Get("redirect_uri")
	c, ok := s.store.client(clientID)
	if !ok {
		s.errorPage(w, r, "The app is not registered here, or its registration has expired. Have it forget this server and connect again.")
		return
	}
	if !matchesRedirectURI(c.RedirectURIs, redirectURI) {
		s.errorPage(w, r, "The app asks to return to an address that it did not register.")
		return
	}
	f := flow{clientID: clientID, clientName: c.Name, redirectURI: redirectURI, createdAt: s.cfg.Now()}
	if len(params["state"]) == 1 {
		f.state = params.Get("state")
	}
	if err := s.checkRequest(params); err != nil {
		s.failed(r, err, err)
		s.redirect(w, f, url.Values{"error": {err.code}, "error_description": {err.description}})
		return
	}
	f.challenge, f.asked = params.Get("code_challenge"), s.cfg.askedScopes(params.Get("scope"))
	s.accountPage(w, s.flows.add(f), f)
}

// checkRequest checks what may be answered by redirect. PKCE is not optional
// (RFC 9700 section 2.1.1), and plain would be no protection.
func (s *Server) checkRequest(params url.Values) *protocolError {
	challenge, err := base64.RawURLEncoding.Strict().DecodeString(params.Get("code_challenge"))
	mode := params.Get("response_mode")
	switch {
	case repeats(params):
		return refusal("invalid_request", "A parameter is repeated.")
	case params.Get("response_type") == "":
		return refusal("invalid_request", "response_type is missing.")
	case params.Get("response_type") != "code":
		return refusal("unsupported_response_type", "Only response_type=code is supported.")
	case mode != "" && mode != "query":
		return refusal("invalid_request", "Only response_mode=query is supported.")
	case params.Get("code_challenge_method") != "S256" || err != nil || len(challenge) != 32:
		return refusal("invalid_request", "PKCE is required: code_challenge with code_challenge_method=S256.")
	case !s.cfg.acceptsResource(params["resource"]):
		return refusal("invalid_target", "This server issues tokens for one resource, and not for this one.")
	}
	return nil
}

// redirect ends a flow at the client, with state and issuer (RFC 9207).
func (s *Server) redirect(w http.ResponseWriter, f flow, params url.Values) {
	if f.state != "" {
		params.Set("state", f.state)
	}
	params.Set("iss", s.cfg.Issuer)
	w.Header().Set("Location", withParams(f.redirectURI, params))
	w.WriteHeader(http.StatusSeeOther)
}
