package devauth

import (
	"net/http"
	"net/url"
)

// authenticate returns the client that sent a form (RFC 6749 section 2.3). One
// that has a secret may send it in either of the two ways; one without must not
// send any, but some send an empty one.
func (s *Server) authenticate(r *http.Request) (string, client, error) {
	id, secret, err := clientCredentials(r)
	if err != nil {
		return "", client{}, err
	}
	c, ok := s.store.client(id)
	if !ok || c.SecretHash == "" && secret != "" || c.SecretHash != "" && !hashMatches(c.SecretHash, secret) {
		return "", client{}, refusal("invalid_client", "The client is not registered, or its secret is wrong.")
	}
	return id, c, nil
}

func clientCredentials(r *http.Request) (id, secret string, err error) {
	id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	user, password, ok := r.BasicAuth()
	if !ok {
		return id, secret, nil
	}
	// In the header both are form-encoded first (section 2.3.1).
	user, userErr := url.QueryUnescape(user)
	password, passwordErr := url.QueryUnescape(password)
	if userErr != nil || passwordErr != nil || secret != "" || id != "" && id != user {
		return "", "", refusal("invalid_request", "The client authenticates in more than one way, or its header is malformed.")
	}
	return user, password, nil
}
