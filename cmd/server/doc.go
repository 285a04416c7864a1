// Command server is Todo Manager: a self-hosted, multi-tenant todo server for MCP
// clients. It is an OAuth 2.0 resource server over SQLite with an audit row per call.
//
//	server dev          try it: the service and a sign-in server, on loopback, no configuration
//	server serve        the service, trusting the issuers it is given
//	server check        check the configuration, the issuers and the database; say what to fix
//	server audit        query, prove, archive and prune the log of who did what
//	server user         block, export or erase a person
//	server tenants      list tenants, and move one to another issuer
//	server backup, restore, migrate, healthcheck
//	server version      what this binary was built from
//
// Every command explains its flags with --help. A setting is a flag, a TODO_ variable
// or a key of the YAML file named by --config, in that order of precedence.
//
// # Signals
//
// SIGINT and SIGTERM stop the service: it takes no new connections, finishes the
// requests in flight within 25 seconds, and closes the database. A second signal ends
// it at once; what was acknowledged is in the database all the same.
//
// On Unix, SIGHUP makes serve read its configuration again, and SIGUSR1 switches between
// logging everything and the configured level.
//
// # Endpoints
//
// On --listen: the MCP endpoint at the path of --public-url (POST), the protected
// resource metadata below /.well-known/oauth-protected-resource, /livez and /readyz. On
// --ops-listen: /livez, /readyz and /metrics. An issuer may have a public URL of its own
// (key public-url of its entry in the file), with an endpoint and metadata there.
//
// # Output
//
// Standard output carries the result of a command, standard error its log: tinted lines
// on a terminal, one JSON object a line elsewhere.
//
// # Exit codes
//
// 0 done; 1 failed while running; 2 wrong usage or configuration, with one message that
// names the setting, its value and how to fix it; 3 not all could be looked at (audit list,
// audit verify, tenants list); 4 the audit log was changed (audit, backup, restore).
package main
