// Package config reads the server's configuration: command line, environment
// and one YAML file, in that order of precedence, over built-in defaults.
//
// A command embeds [Server] in its kong struct and calls [Parse]. Each setting
// has one name in three spellings: the flag --public-url, the variable
// TODO_PUBLIC_URL, and the key public-url in the file.
//
// Rules that differ from kong's own:
//
//   - A variable beats the file. kong has it the other way round.
//   - A variable that is set counts even when it is empty: TODO_OPS_LISTEN= turns
//     the operations listener off and TODO_ISSUER= empties the file's list. Where
//     the empty string is no value (a number, true or false) it is an error.
//   - A key that is not a setting, is given twice, or has a value of the wrong
//     shape is refused with file, line and the nearest known key.
//
// The setting issuer is more than a text: in the file an entry may be a mapping, an
// [Issuer], which a flag or variable that names its URL keeps. [Server.Sites] groups
// the issuers by public URL.
//
// Every error is one message that names the setting, its value and how to fix it.
package config
