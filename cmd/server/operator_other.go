//go:build !unix

package main

// listenToOperator: there are no such signals here.
func listenToOperator(arguments) (by operatorSignals, stop func()) {
	return operatorSignals{}, func() {}
}
