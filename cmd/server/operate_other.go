//go:build !unix

package main

// operate: there are no such signals here.
func operate(arguments) (by operation, stop func()) { return operation{}, func() {} }
