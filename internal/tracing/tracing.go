package tracing

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// The queue of spans that wait to be sent.
const (
	queueSize     = 2048
	batchSize     = 512
	batchEvery    = 2 * time.Second
	exportTimeout = 5 * time.Second
	closeTimeout  = 3 * time.Second // what a receiver that hangs can add to the end of the program
)

// Options configure a [Tracing].
type Options struct {
	Endpoint string // URL that takes OTLP over HTTP; empty: no tracing
	Version  string // of this program
	Logger   *slog.Logger
}

// Tracing makes spans and sends them. Nil makes none.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// New returns nil if there is no endpoint. Nothing is sent until there are spans. What part of the
// requests is traced is the SDK's to say (OTEL_TRACES_SAMPLER): all, unless a client
// says that its trace is not recorded.
func New(o Options) *Tracing {
	if o.Endpoint == "" {
		return nil
	}
	exporter := otlptrace.NewUnstarted(newClient(o.Endpoint))
	_ = exporter.Start(context.Background()) // our client's does nothing
	provider := sdk.NewTracerProvider(
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "todo-manager"), attribute.String("service.version", o.Version))),
		sdk.WithBatcher(newTeller(exporter, o.Logger), sdk.WithMaxQueueSize(queueSize), sdk.WithMaxExportBatchSize(batchSize),
			sdk.WithBatchTimeout(batchEvery), sdk.WithExportTimeout(exportTimeout)))
	return &Tracing{provider: provider, tracer: provider.Tracer("todomanager")}
}

// Close sends what is left, for a short time at most.
func (t *Tracing) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // that spans are lost is told where they are sent
}

// Start begins a span, which ends when end is called: with the reason from a closed list why
// it failed, or "".
func (t *Tracing) Start(ctx context.Context, name string) (_ context.Context, end func(failure string)) {
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, func(failure string) {
		if failure != "" {
			span.SetAttributes(attribute.String("error.type", failure))
			span.SetStatus(codes.Error, failure)
		}
		span.End()
	}
}

// Past notes a span that is over.
func (t *Tracing) Past(ctx context.Context, name string, began, ended time.Time) {
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(began))
	span.End(trace.WithTimestamp(ended))
}

// Call begins the span of a call of a tool or prompt. Traceparent is the one that came with
// the call, empty if there was none: then the request's span is the parent, else it is
// linked. The trace id is that of the span.
func (t *Tracing) Call(ctx context.Context, tool, traceparent string) (_ context.Context, traceID string, end func()) {
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("todomanager.tool", tool))}
	if parent := remote(context.Background(), traceparent); trace.SpanContextFromContext(parent).IsValid() {
		options = append(options, trace.WithLinks(trace.LinkFromContext(ctx)))
		ctx = trace.ContextWithRemoteSpanContext(ctx, trace.SpanContextFromContext(parent))
	}
	ctx, span := t.tracer.Start(ctx, "call "+tool, options...)
	return ctx, span.SpanContext().TraceID().String(), func() { span.End() }
}

// Decided notes what was decided of the call whose span ctx has, if it has one.
func (t *Tracing) Decided(ctx context.Context, decision, reason string) {
	if t == nil {
		return
	}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.String("todomanager.decision", decision), attribute.String("todomanager.reason", reason))
	}
}

// remote returns a context whose parent is what a traceparent says. What else of a trace
// context a client can send, tracestate and baggage, is free text and goes nowhere.
func remote(ctx context.Context, traceparent string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
}
