package tracing

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"
)

// client sends spans by OTLP over HTTP. It is here because the library's own client has all of
// gRPC in it, which would be a fifth of this program.
type client struct {
	endpoint string
	http     *http.Client
}

func newClient(endpoint string) otlptrace.Client {
	transport := &http.Transport{MaxIdleConns: 2, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: exportTimeout, ForceAttemptHTTP2: true}
	return &client{endpoint, &http.Client{Transport: transport, Timeout: exportTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (c *client) Start(context.Context) error { return nil }

func (c *client) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces sends one batch, once. TracesData has the same bytes as the request's own
// message (opentelemetry-proto says that it has), whose package brings gRPC.
func (c *client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", "todo-manager")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %d", c.endpoint, resp.StatusCode)
	}
	return nil
}

// teller tells the log, now and then, that spans are lost. Nobody else is told.
type teller struct {
	sdk.SpanExporter
	logger *slog.Logger
	sparse rate.Sometimes
}

func newTeller(e sdk.SpanExporter, logger *slog.Logger) *teller {
	return &teller{SpanExporter: e, logger: logger, sparse: rate.Sometimes{Interval: 5 * time.Minute}}
}

// ExportSpans sends spans, and loses them if that fails.
func (t *teller) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := t.SpanExporter.ExportSpans(ctx, spans); err != nil {
		t.sparse.Do(func() {
			t.logger.Warn("traces could not be sent and are lost; check what listens at --otlp-endpoint. Requests are not affected", "spans", len(spans), "err", err)
		})
	}
	return nil
}
