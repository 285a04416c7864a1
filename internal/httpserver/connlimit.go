package httpserver

import (
	"container/list"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// addressShare is the part of all connections that one network address may have, where
// addresses tell clients apart.
const addressShare = 4

// limitedListener bounds the open connections. One too many takes the place of the one
// that has been idle for longest; where none is idle it waits, and the newer ones wait in
// the kernel. So what the process needs descriptors for besides connections goes on, and
// who keeps many connections without using them keeps nobody out.
type limitedListener struct {
	net.Listener
	max        int
	perAddress int // 0: no bound
	logger     *slog.Logger
	tell       struct{ share, full, evicted rate.Sometimes }

	mu     sync.Mutex
	room   sync.Cond // mu; a connection was closed or became idle, or the listener was closed
	open   int
	from   map[netip.Addr]int
	idle   list.List // of *limitedConn, the longest idle first
	closed bool
}

func limitConnections(l net.Listener, o Options) *limitedListener {
	limited := &limitedListener{
		Listener: l, max: o.MaxConnections, logger: o.Logger, from: make(map[netip.Addr]int),
	}
	for _, s := range []*rate.Sometimes{&limited.tell.share, &limited.tell.full, &limited.tell.evicted} {
		s.Interval = time.Minute
	}
	if !o.BehindProxy {
		limited.perAddress = max(1, o.MaxConnections/addressShare)
	}
	limited.room.L = &limited.mu
	return limited
}

// Accept waits for a connection for which there is room.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		limited := &limitedConn{Conn: conn, listener: l, addr: remoteAddr(conn)}
		admitted, err := l.admit(limited)
		if admitted {
			return limited, nil
		}
		_ = conn.Close()
		if err != nil {
			return nil, err
		}
	}
}

// admit waits for room. It returns false for a connection too many of its address, and an
// error once the listener is closed.
func (l *limitedListener) admit(c *limitedConn) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.perAddress > 0 && !c.addr.IsLoopback() && l.from[c.addr] >= l.perAddress {
		l.tell.share.Do(func() {
			l.logger.Warn("an address has reached its share of connections, so its further ones are closed; if it is a proxy, set --behind-proxy or --trusted-proxies", "remote", c.addr, "connections", l.perAddress)
		})
		return false, nil
	}
	for l.open >= l.max && !l.closed {
		if oldest := l.idle.Front(); oldest != nil {
			l.evict(oldest.Value.(*limitedConn))
			continue
		}
		l.tell.full.Do(func() {
			l.logger.Warn("the connection limit is reached and no connection is idle; new ones wait", "connections", l.open)
		})
		l.room.Wait()
	}
	if l.closed {
		return false, net.ErrClosed
	}
	l.open++
	l.from[c.addr]++
	return true, nil
}

// evict closes an idle connection. mu is held.
func (l *limitedListener) evict(c *limitedConn) {
	l.tell.evicted.Do(func() {
		l.logger.Warn("the connection limit is reached; idle connections are closed for new ones", "connections", l.open)
	})
	l.forget(c)
	_ = c.Conn.Close() // below TLS, which might block
}

// forget makes room once for each connection. mu is held.
func (l *limitedListener) forget(c *limitedConn) {
	if c.gone {
		return
	}
	c.gone = true
	l.setIdle(c, false)
	l.open--
	if l.from[c.addr]--; l.from[c.addr] == 0 {
		delete(l.from, c.addr)
	}
	l.room.Signal()
}

// setIdle keeps the list of idle connections. mu is held.
func (l *limitedListener) setIdle(c *limitedConn, idle bool) {
	switch {
	case idle && c.place == nil && !c.gone:
		c.place = l.idle.PushBack(c)
		l.room.Signal()
	case !idle && c.place != nil:
		l.idle.Remove(c.place)
		c.place = nil
	}
}

// state is an [http.Server.ConnState].
func (l *limitedListener) state(conn net.Conn, state http.ConnState) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if c, ok := conn.(*limitedConn); ok {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.setIdle(c, state == http.StateIdle)
	}
}

// Close ends the waiting, too.
func (l *limitedListener) Close() error {
	l.mu.Lock()
	l.closed = true
	l.room.Broadcast()
	l.mu.Unlock()
	return l.Listener.Close()
}

// limitedConn is one of the counted connections. listener.mu guards place and gone.
type limitedConn struct {
	net.Conn
	listener *limitedListener
	addr     netip.Addr
	place    *list.Element // in the list of idle ones
	gone     bool          // no longer counted
}

// Close makes room.
func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.listener.mu.Lock()
	defer c.listener.mu.Unlock()
	c.listener.forget(c)
	return err
}

func remoteAddr(c net.Conn) netip.Addr {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
