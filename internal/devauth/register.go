package devauth

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// Values of RFC 7591 section 2 that work here.
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"

	authNone  = "none"
	authBasic = "client_secret_basic"
	authPost  = "client_secret_post"
)

const (
	maxClientName  = 80    // characters
	maxClientScope = 1_000 // bytes
)

// clientMetadata is what a client may say about itself (RFC 7591 section 2) and,
// with defaults filled in, what it is told was registered. Members that are not
// listed are ignored, as the section allows.
type clientMetadata struct {
	RedirectURIs    []string `json:"redirect_uris"`
	AuthMethod      string   `json:"token_endpoint_auth_method"`
	GrantTypes      []string `json:"grant_types"`
	ResponseTypes   []string `json:"response_types"`
	Name            string   `json:"client_name,omitempty"`
	ApplicationType string   `json:"application_type,omitempty"`
	Scope           string   `json:"scope,omitempty"` // repeated only: asking for more later is how clients step up
}

// registration is the response of RFC 7591 section 3.2.1.
type registration struct {
	clientMetadata
	ClientID        string `json:"client_id"`
	IssuedAt        int64  `json:"client_id_issued_at"`
	Secret          string `json:"client_secret,omitempty"`
	SecretExpiresAt *int64 `json:"client_secret_expires_at,omitempty"` // 0 beside a secret: never
}

// register implements dynamic client registration, open to everybody.
func (s *Server) register(r *http.Request) (int, any, error) {
	md, err := readMetadata(r)
	if err != nil {
		return 0, nil, err
	}
	now := s.cfg.Now()
	reg := registration{clientMetadata: md, ClientID: rand.Text(), IssuedAt: now.Unix()}
	c := client{Name: md.Name, RedirectURIs: md.RedirectURIs, GrantTypes: md.GrantTypes, IssuedAt: now.UTC()}
	if md.AuthMethod != authNone {
		reg.Secret, reg.SecretExpiresAt = rand.Text(), new(int64)
		c.SecretHash = hash(reg.Secret)
	}
	err = s.store.update(now, func(st *state) bool {
		st.addClient(reg.ClientID, c)
		return true
	})
	if err != nil {
		return 0, nil, err
	}
	s.cfg.Logger.LogAttrs(r.Context(), slog.LevelInfo, "development sign-in: client registered",
		slog.String("client_id", reg.ClientID), slog.String("client_name", md.Name), slog.String("auth_method", md.AuthMethod))
	return http.StatusCreated, reg, nil
}

func readMetadata(r *http.Request) (clientMetadata, error) {
	var md clientMetadata
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType != "application/json" {
		return md, refusal("invalid_client_metadata", "The body must be application/json.")
	}
	if err := json.NewDecoder(r.Body).Decode(&md); err != nil {
		return md, refusal("invalid_client_metadata", "The body is not a JSON object of client metadata, or is too long.")
	}
	return md, md.complete()
}

// complete checks the metadata and sets what was left out.
func (md *clientMetadata) complete() error {
	if n := len(md.RedirectURIs); n == 0 || n > maxRedirectURIs {
		return refusal("invalid_redirect_uri", "A client needs one to eight redirect URIs.")
	}
	for _, uri := range md.RedirectURIs {
		if !validRedirectURI(uri) {
			return refusal("invalid_redirect_uri", "Redirect URIs must be http on localhost, 127.0.0.1 or [::1], have a private-use scheme that contains a dot or belongs to a known editor, or be https://vscode.dev/redirect; no fragment, no user.")
		}
	}
	if md.AuthMethod == "" {
		md.AuthMethod = authBasic
	}
	if !slices.Contains([]string{authNone, authBasic, authPost}, md.AuthMethod) {
		return refusal("invalid_client_metadata", "token_endpoint_auth_method must be none, client_secret_basic or client_secret_post.")
	}
	if !slices.Contains([]string{"", "native", "web"}, md.ApplicationType) {
		return refusal("invalid_client_metadata", "application_type must be native or web.")
	}
	if len(md.Scope) > maxClientScope || slices.ContainsFunc(strings.Fields(md.Scope), func(sc string) bool { return !isScopeToken(sc) }) {
		return refusal("invalid_client_metadata", "scope is malformed or too long.")
	}
	md.Name = printable(md.Name)
	return md.completeTypes()
}

// completeTypes keeps of the grant and response types those that exist here. A
// client that names no grant types gets both, not the code alone as RFC 7591
// has it: signing in again each hour helps nobody.
func (md *clientMetadata) completeTypes() error {
	if len(md.GrantTypes) == 0 {
		md.GrantTypes = []string{grantCode, grantRefresh}
	}
	if !slices.Contains(md.GrantTypes, grantCode) {
		return refusal("invalid_client_metadata", "grant_types must include authorization_code.")
	}
	if slices.Contains(md.GrantTypes, grantRefresh) {
		md.GrantTypes = []string{grantCode, grantRefresh}
	} else {
		md.GrantTypes = []string{grantCode}
	}
	if len(md.ResponseTypes) > 0 && !slices.Contains(md.ResponseTypes, "code") {
		return refusal("invalid_client_metadata", "response_types must include code.")
	}
	md.ResponseTypes = []string{"code"}
	return nil
}

// printable returns a name without control and direction marks, with which it
// could disguise the page it is shown on, cut to maxClientName.
func printable(name string) string {
	runes := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)))
	if len(runes) > maxClientName {
		runes = append(runes[:maxClientName-1], '…')
	}
	return string(runes)
}
