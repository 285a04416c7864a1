package main

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestExpiry: the certificate is looked at every day, and it is the one that is served.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said log
		s := &service{logger: slog.New(slog.NewTextHandler(&said, nil))}
		serve := func(days int) {
			ends := time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour)
			s.current.Store(&configured{certificate: &tls.Certificate{Leaf: &x509.Certificate{NotAfter: ends}}})
		}
		serve(15)
		go s.watchCertificate(t.Context())
		for day := range 20 {
			synctest.Wait()
			soon, late := strings.Count(said.String(), "expires soon"), strings.Count(said.String(), "has expired")
			if wantSoon, wantLate := min(max(day-1, 0), 14), max(day-15, 0); soon != wantSoon || late != wantLate {
				t.Errorf("day %d: %d lines say soon and %d expired, want %d and %d", day, soon, late, wantSoon, wantLate)
			}
			time.Sleep(24 * time.Hour)
		}
		synctest.Wait()
		before := said.String()
		serve(90)
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		if got := strings.TrimPrefix(said.String(), before); got != "" {
			t.Errorf("of a new certificate: %s", got)
		}
	})
}
