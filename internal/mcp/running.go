package mcp

// enter takes a place among the requests that are carried out, or returns false if there
// is none. It does not wait: under a load that lasts, a queue makes all calls late and
// none more.
func (d *door) enter() bool {
	if d.running == nil {
		return true
	}
	select {
	case d.running <- struct{}{}:
		return true
	default:
		return false
	}
}

// leave gives the place back.
func (d *door) leave() {
	if d.running != nil {
		<-d.running
	}
}

// Running returns how many requests are carried out.
func (h *Handler) Running() int { return len(h.door.running) }
