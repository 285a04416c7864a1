package main

import (
	"context"
	"crypto/tls"
	"slices"
	"time"
)

const (
	// expiryNotice is how long before its end a certificate is complained about.
	expiryNotice = 14 * 24 * time.Hour
	// expiryInterval is how often it is looked at.
	expiryInterval = 24 * time.Hour
)

// watchCertificate looks at the certificate at once and then once a day until ctx ends.
func (s *service) watchCertificate(ctx context.Context) {
	day := time.NewTicker(expiryInterval)
	defer day.Stop()
	for {
		s.warnOfExpiry()
		select {
		case <-ctx.Done():
			return
		case <-day.C:
		}
	}
}

// warnOfExpiry complains if the certificate that is served ends soon.
func (s *service) warnOfExpiry() {
	certificate := s.current.Load().certificate
	if certificate == nil || certificate.Leaf == nil {
		return
	}
	ends := certificate.Leaf.NotAfter
	switch left := time.Until(ends); {
	case left <= 0:
		s.logger.Warn("the TLS certificate has expired, so clients refuse it: put a new one in place, then send SIGHUP", "expired", ends)
	case left < expiryNotice:
		s.logger.Warn("the TLS certificate expires soon: put a new one in place, then send SIGHUP", "expires", ends, "days_left", int(left/(24*time.Hour)))
	}
}

func sameCertificate(a, b *tls.Certificate) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.Certificate, b.Certificate, slices.Equal)
}
