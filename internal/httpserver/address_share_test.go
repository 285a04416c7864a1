package httpserver

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
)

// offered is a listener whose connections come from addresses that a test names.
type offered struct {
	net.Listener
	from []string
}

func (o *offered) Accept() (net.Conn, error) {
	if len(o.from) == 0 {
		return nil, net.ErrClosed
	}
	c := &offeredConn{addr: &net.TCPAddr{IP: net.ParseIP(o.from[0]), Port: 40_000}}
	o.from = o.from[1:]
	return c, nil
}

type offeredConn struct {
	net.Conn
	addr   net.Addr
	closed bool
}

func (c *offeredConn) RemoteAddr() net.Addr { return c.addr }
func (c *offeredConn) Close() error         { c.closed = true; return nil }

// TestOneAddressHasAShare: one address may have a quarter of the connections, whatever form it
// is written in, and others are let in beside it. Behind a proxy, and on loopback, addresses
// tell nobody apart.
func TestOneAddressHasAShare(t *testing.T) {
	for _, c := range []struct {
		name   string
		proxy  bool
		from   string
		admits int // of those from there
	}{
		{"one address", false, "192.0.2.1 192.0.2.1 ::ffff:192.0.2.1 192.0.2.1 192.0.2.2", 3},
		{"behind a proxy", true, "192.0.2.1 192.0.2.1 192.0.2.1 192.0.2.1", 4},
		{"loopback", false, "127.0.0.1 127.0.0.1 127.0.0.1 ::1", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			l := limitConnections(&offered{from: strings.Fields(c.from)}, Options{MaxConnections: 8, BehindProxy: c.proxy, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			var admitted []net.Conn
			for {
				conn, err := l.Accept()
				if errors.Is(err, net.ErrClosed) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				admitted = append(admitted, conn)
			}
			if len(admitted) != c.admits {
				t.Errorf("%d were let in, want %d", len(admitted), c.admits)
			}
			if told := strings.Contains(log.String(), "remote=192.0.2.1"); told != (c.admits < len(strings.Fields(c.from))) {
				t.Errorf("the log: %s", log.String())
			}
			for _, conn := range admitted {
				if err := conn.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if l.open != 0 || len(l.from) != 0 {
				t.Errorf("after all are closed %d are counted, %v", l.open, l.from)
			}
		})
	}
}
