package main

type overloadReport struct {
	capacity float64
	points   []point
	cores    int
	pinned   bool
}

func (r overloadReport) write(folder string) error { return nil }
