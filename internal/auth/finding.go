package auth

// A Finding is the outcome of one check, for an operator to read.
type Finding struct {
	// Check names what was looked at.
	Check string
	// OK is false if people cannot sign in or tokens are refused because of it.
	OK bool
	// Detail says what was found. It holds names, addresses and times, and
	// nothing else of a token.
	Detail string
	// Mend says what to do, "" if nothing. With OK it is advice.
	Mend string
}
