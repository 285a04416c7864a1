package devauth

import (
	"bytes"
	"net/http"
	"slices"
)

// accountView is the first page: who signs in?
type accountView struct {
	Flow, Client string
	People       []Person
}

// consentView is the second page: what may the client do?
type consentView struct {
	Flow, Client, ReturnsTo, Resource string
	Person                            Person
	Scopes                            []Scope
	Withheld                          []string // asked for, but beyond the person
}

func (s *Server) accountPage(w http.ResponseWriter, flowID string, f flow) {
	s.render(w, http.StatusOK, "account", accountView{Flow: flowID, Client: f.clientName, People: s.cfg.People})
}

func (s *Server) consentPage(w http.ResponseWriter, flowID string, f flow, p Person) {
	s.render(w, http.StatusOK, "consent", consentView{
		Flow: flowID, Client: f.clientName, ReturnsTo: redirectHost(f.redirectURI),
		Resource: s.cfg.Resource, Person: p, Scopes: s.cfg.grantable(p, f.asked),
		Withheld: slices.DeleteFunc(slices.Clone(f.asked), func(name string) bool {
			return slices.Contains(p.Scopes, name)
		}),
	})
}

// errorPage tells a person what went wrong with a request that cannot be
// answered to its client. The detail is constant.
func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, detail string) {
	s.refused(r, detail)
	s.render(w, http.StatusBadRequest, "error", detail)
}

func (s *Server) crossOrigin(w http.ResponseWriter, r *http.Request) {
	const detail = "The form was sent by another site."
	s.refused(r, detail)
	s.render(w, http.StatusForbidden, "error", detail)
}

func (s *Server) home(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusOK, "home", s.cfg)
}

func (s *Server) style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, assets, "style.css")
}

// render writes a page of pages.html.
func (s *Server) render(w http.ResponseWriter, status int, name string, view any) {
	var page bytes.Buffer
	if err := s.pages.ExecuteTemplate(&page, name, view); err != nil {
		s.cfg.Logger.Error("development sign-in: page failed", "page", name, "err", err)
		http.Error(w, "The page could not be rendered; the server's log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(page.Bytes()) // an error here means that the browser has gone
}
