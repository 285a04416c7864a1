package tracing

import (
	"context"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Requests puts a span around each request to one of the routes, which are whole paths; all
// other paths are one route, and those in untraced have no span. Noted is told the trace
// id of each.
func (t *Tracing) Requests(routes, untraced []string, noted func(ctx context.Context, traceID string), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if slices.Contains(untraced, path) {
			next.ServeHTTP(w, r)
			return
		}
		method := knownMethod(r.Method)
		name := method
		attributes := []attribute.KeyValue{attribute.String("http.request.method", method)}
		if slices.Contains(routes, path) {
			name += " " + path
			attributes = append(attributes, attribute.String("http.route", path))
		}
		ctx, span := t.tracer.Start(remote(r.Context(), r.Header.Get("Traceparent")), name,
			trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
		noted(ctx, span.SpanContext().TraceID().String())
		status := &statusWriter{ResponseWriter: w}
		defer func() { // also when the connection is aborted by a panic
			span.SetAttributes(attribute.Int("http.response.status_code", status.code))
			if status.code == 0 || status.code >= 500 {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}()
		next.ServeHTTP(status, r.WithContext(ctx))
	})
}

// knownMethod keeps what clients invent out of spans.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "_OTHER" // as OpenTelemetry's conventions have it
}

// statusWriter remembers the status, 0 until an answer has started.
type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) {
	if w.code == 0 && (code >= 200 || code == http.StatusSwitchingProtocols) {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
