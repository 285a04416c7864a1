package devauth

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
)

// Refusals of codes and refresh tokens. Those that end the grant say so.
var (
	errCode         = refusal("invalid_grant", "The code is unknown, expired or not this client's.")
	errCodeReplayed = refusal("invalid_grant", "The code was used before. Its grant has been revoked.")
	errCodeBinding  = refusal("invalid_grant", "redirect_uri or code_verifier does not match the authorization request. The code is void.")
	errRefresh      = refusal("invalid_grant", "The refresh token is unknown, expired, revoked or not this client's.")
	errReused       = refusal("invalid_grant", "The refresh token was used before. Its grant has been revoked.")
	errTarget       = refusal("invalid_target", "The grant is for another resource.")
	errScope        = refusal("invalid_scope", "More scope than was granted.")
)

// redeemCode exchanges a code, at most once: any attempt by its client spends
// it, and a second one ends the grant (RFC 6749 section 4.1.2). The refresh
// token is empty for a client that did not register for one; then the grant has
// no further use.
func (s *Server) redeemCode(form url.Values, clientID string) (granted grant, refresh string, err error) {
	code := form.Get("code")
	id, now := grantID(code), s.cfg.Now()
	saved := s.store.update(now, func(st *state) bool {
		g, ok := st.Grants[id]
		if !ok || g.Client != clientID || !hashMatches(g.CodeHash, code) {
			err = errCode
			return false
		}
		delete(st.Grants, id)
		if err = s.checkCode(g, form); err != nil {
			return true
		}
		if c := st.use(clientID, now); slices.Contains(c.GrantTypes, grantRefresh) {
			refresh = newCredential(id)
			g.RefreshHash = hash(refresh)
			st.Grants[id] = g
		}
		granted = g
		return true
	})
	return granted, refresh, cmp.Or(saved, err)
}

func (s *Server) checkCode(g grant, form url.Values) error {
	switch {
	case g.RefreshHash != "":
		return errCodeReplayed
	case g.RedirectURI != form.Get("redirect_uri") || !verifierMatches(g.Challenge, form.Get("code_verifier")):
		return errCodeBinding
	case g.Resource != s.cfg.Resource || !s.cfg.acceptsResource(form["resource"]):
		return errTarget
	}
	return nil
}

// refresh exchanges a refresh token for the next. One that was exchanged before
// has been stolen, or its successor has: the grant ends (RFC 9700 section
// 4.14.2). A narrower scope holds for the one access token only (RFC 6749
// section 6), and nobody gets more than they may grant by now.
func (s *Server) refresh(form url.Values, clientID string) (granted grant, next string, err error) {
	token := form.Get("refresh_token")
	id, now := grantID(token), s.cfg.Now()
	saved := s.store.update(now, func(st *state) bool {
		g, ok := st.Grants[id]
		if !ok || g.Client != clientID || g.RefreshHash == "" {
			err = errRefresh
			return false
		}
		if !hashMatches(g.RefreshHash, token) {
			err = errReused
			delete(st.Grants, id)
			return true
		}
		if granted, err = s.narrow(g, form); err != nil {
			return false
		}
		next = newCredential(id)
		g.RefreshHash = hash(next)
		st.Grants[id] = g
		st.use(clientID, now)
		return true
	})
	return granted, next, cmp.Or(saved, err)
}

// narrow returns g with the scopes of its next access token.
func (s *Server) narrow(g grant, form url.Values) (grant, error) {
	if g.Resource != s.cfg.Resource || !s.cfg.acceptsResource(form["resource"]) {
		return grant{}, errTarget
	}
	p, ok := s.cfg.person(g.Person)
	if !ok {
		return grant{}, errRefresh
	}
	asked := s.cfg.askedScopes(form.Get("scope"))
	for _, name := range asked {
		if !slices.Contains(g.Scopes, name) {
			return grant{}, errScope
		}
	}
	granted := g.Scopes
	if asked == nil {
		asked = granted
	}
	g.Scopes = slices.DeleteFunc(scopeNames(s.cfg.grantable(p, asked)), func(name string) bool {
		return !slices.Contains(granted, name)
	})
	return g, nil
}

// revoke ends the grant that a refresh token, or a code, belongs to (RFC 7009).
// The answer is the same for a token that is unknown or of another client.
// Access tokens cannot be called back; they expire.
func (s *Server) revoke(r *http.Request) (int, any, error) {
	if err := readForm(r); err != nil {
		return 0, nil, err
	}
	clientID, _, err := s.authenticate(r)
	if err != nil {
		return 0, nil, err
	}
	token := r.PostForm.Get("token")
	if token == "" {
		return 0, nil, refusal("invalid_request", "token is missing.")
	}
	err = s.store.update(s.cfg.Now(), func(st *state) bool {
		id := grantID(token)
		g, ok := st.Grants[id]
		if !ok || g.Client != clientID {
			return false
		}
		delete(st.Grants, id)
		return true
	})
	return http.StatusOK, nil, err
}
