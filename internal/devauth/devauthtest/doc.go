// Package devauthtest signs in at a development authorization server the way a
// browser without script does: it reads the forms of the pages and sends them.
package devauthtest
