package config

const (
	// maxMaxContent keeps one content, of at most six bytes a character in JSON, well below the 256 KiB of a
	// page of todos.
	maxMaxContent = 16_000
	maxMaxBody    = 16 << 20
	// escapedCharacter is the longest that JSON makes of one character: two \u escapes.
	escapedCharacter = 12
	// envelope is what a request has besides the content.
	envelope = 16 << 10
)

func (s *Server) validateLimits() error {
	if s.MaxCalls < 1 {
		return s.Invalid("max-calls", s.MaxCalls, "must be at least 1; the default is 256")
	}
	if s.MaxConnections < 1 {
		return s.Invalid("max-connections", s.MaxConnections, "must be at least 1; the default is 4096")
	}
	if s.MaxTodos < 0 {
		return s.Invalid("max-todos", s.MaxTodos, "must be at least 0, which means no limit; the default is 10000")
	}
	if s.MaxContent < 1 || s.MaxContent > maxMaxContent {
		return s.Invalid("max-content", s.MaxContent, "must be from 1 to %d characters; the default is 4000", maxMaxContent)
	}
	least := Size(envelope + escapedCharacter*s.MaxContent)
	if s.MaxBody < least || s.MaxBody > maxMaxBody {
		text, _ := s.MaxBody.MarshalText()
		return s.Invalid("max-body", string(text), "must be from %dKiB, which a todo of --max-content characters can take, to 16MiB; the default is 1MiB", (least+1023)>>10)
	}
	return nil
}
