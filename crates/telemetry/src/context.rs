//! The W3C trace context (<https://www.w3.org/TR/trace-context/>): where a call stands among all the calls that one
//! request set off, in this process and in others.

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::HashMap;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The `traceparent` of the span that is entered here and now; what a call to another process carries.
pub fn current_traceparent() -> Option<String> {
    current(|span| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8() & SAMPLED))
}

/// The trace that this code runs in: 32 hexadecimal digits, for answers and logs.
pub fn current_trace_id() -> Option<String> {
    current(|span| span.trace_id().to_string())
}

/// Makes `span` a child of the span that `traceparent` names, in another process perhaps. Does nothing when the text
/// is malformed: a stranger's header must not fail a request. Call it before the span is entered for the first time;
/// afterwards its trace is settled.
pub fn set_parent(span: &tracing::Span, traceparent: &str) {
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    if parent.span().span_context().is_valid() {
        // It fails where there is no trace to continue: the span is filtered out, entered already, or untraced.
        let _ = span.set_parent(parent);
    }
}

/// The only flag that version 00 defines.
const SAMPLED: u8 = 1;

/// Asks OpenTelemetry rather than `tracing::Span::current()`: that one may be a detail which the trace leaves out.
pub(crate) fn current<T>(read: impl FnOnce(&SpanContext) -> T) -> Option<T> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| read(span))
    })
}
