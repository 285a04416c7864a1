package devauth

// For the fuzz test of the rule, which needs more calls than HTTP allows.
var (
	ValidRedirectURI   = validRedirectURI
	MatchesRedirectURI = matchesRedirectURI
	WithParams         = withParams
)
