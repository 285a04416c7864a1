package sqlite

import sqlite3 "modernc.org/sqlite/lib"

// EngineVersion is the version of SQLite that this program has in it.
const EngineVersion = sqlite3.SQLITE_VERSION
