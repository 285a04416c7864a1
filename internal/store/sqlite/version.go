package sqlite

import lib "modernc.org/sqlite/lib"

// EngineVersion is the version of SQLite that this program has in it.
const EngineVersion = lib.SQLITE_VERSION
