// Package storetest says in tests what a store of the product must do, whatever its
// engine. [Run] is the whole of it: a store that passes can stand behind
// [todomanager/internal/todos.Service].
//
// The suite knows a store only through [Store]. What depends on an engine, such as full
// disks, locks and file modes, is tested beside that engine.
package storetest
