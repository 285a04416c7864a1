package devauth

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	flowGone   = "This sign-in has ended or waited longer than ten minutes. Go back to the app and start again."
	formBroken = "The form that was sent is incomplete or too long. Go back to the app and start again."
)

// account shows the consent page for the account that was chosen, or the choice
// again if there is none.
func (s *Server) account(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil {
		s.errorPage(w, r, formBroken)
		return
	}
	id := r.PostForm.Get("flow")
	f, ok := s.flows.get(id, s.cfg.Now())
	if !ok {
		s.errorPage(w, r, flowGone)
		return
	}
	p, ok := s.cfg.person(r.PostForm.Get("account"))
	if !ok {
		s.accountPage(w, id, f)
		return
	}
	s.consentPage(w, id, f, p)
}

// decision ends a flow: it redirects to the client with a code, or with
// access_denied. The account comes from the form and not from the flow, so that
// what is granted is what the page showed, even with two tabs open.
func (s *Server) decision(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil {
		s.errorPage(w, r, formBroken)
		return
	}
	p, ok := s.cfg.person(r.PostForm.Get("account"))
	answer := r.PostForm.Get("decision")
	if !ok || answer != "allow" && answer != "deny" {
		s.errorPage(w, r, formBroken)
		return
	}
	f, ok := s.flows.take(r.PostForm.Get("flow"), s.cfg.Now())
	if !ok {
		s.errorPage(w, r, flowGone)
		return
	}
	if answer == "deny" {
		s.refused(r, "the person denied access", slog.String("client_id", f.clientID), slog.String("person", p.Name))
		s.redirect(w, f, url.Values{"error": {"access_denied"}, "error_description": {"The person denied access."}})
		return
	}
	s.allow(w, r, f, p, r.PostForm["scope"])
}

// allow makes the grant and returns its code to the client.
func (s *Server) allow(w http.ResponseWriter, r *http.Request, f flow, p Person, ticked []string) {
	scopes := slices.DeleteFunc(scopeNames(s.cfg.grantable(p, f.asked)), func(name string) bool {
		return !slices.Contains(ticked, name)
	})
	id := rand.Text()
	code := newCredential(id)
	now := s.cfg.Now()
	err := s.store.update(now, func(st *state) bool {
		st.addGrant(id, grant{
			Client: f.clientID, Person: p.Name, Resource: s.cfg.Resource, Scopes: scopes,
			RedirectURI: f.redirectURI, Challenge: f.challenge, CodeHash: hash(code), CreatedAt: now.UTC(),
		})
		return true
	})
	if err != nil {
		e := asProtocolError(err)
		s.failed(r, e, err)
		s.redirect(w, f, url.Values{"error": {e.code}, "error_description": {e.description}})
		return
	}
	s.cfg.Logger.LogAttrs(r.Context(), slog.LevelInfo, "development sign-in: signed in",
		slog.String("person", p.Name), slog.String("client_id", f.clientID), slog.String("scope", strings.Join(scopes, " ")))
	s.redirect(w, f, url.Values{"code": {code}})
}

// newCredential returns a new code or refresh token of a grant. The id in it is
// how a value that was used before still finds the grant.
func newCredential(grantID string) string { return grantID + "." + rand.Text() }

// grantID returns the id of the grant that a code or refresh token belongs to.
func grantID(credential string) string {
	id, _, _ := strings.Cut(credential, ".")
	return id
}
