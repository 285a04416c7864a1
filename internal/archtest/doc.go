// Package archtest holds the rules of this code base that a compiler does not know:
// which package may import which, what must be documented, and what no package may do.
// It has tests and nothing else. When one fails it says which line breaks which rule.
package archtest
