//! What a transport counts, through the global OpenTelemetry meter. Names and attributes are settled here.

use crate::breaker::Breaker;
use kernel::{Fault, Method};
use opentelemetry::metrics::{Counter, Histogram, ObservableGauge};
use opentelemetry::{KeyValue, global};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The instruments of one transport.
pub(crate) struct Metrics {
    target: String,
    calls: Counter<u64>,
    duration: Histogram<f64>,
    _breaker: ObservableGauge<i64>,
}

impl Metrics {
    /// Instruments for calls to `target`. They report to whatever meter provider is global by now.
    pub(crate) fn new(target: &str, breaker: &Arc<Breaker>) -> Self {
        let meter = global::meter("polity.wire");
        let watched: Weak<Breaker> = Arc::downgrade(breaker);
        let attributes = [KeyValue::new("target", target.to_owned())];
        let gauge = meter
            .i64_observable_gauge("polity.portal.breaker")
            .with_description("0 closed, 1 probing, 2 open")
            .with_callback(move |observer| {
                if let Some(breaker) = watched.upgrade() {
                    observer.observe(breaker.level(), &attributes);
                }
            })
            .build();
        Self {
            target: target.to_owned(),
            calls: meter.u64_counter("polity.portal.calls").with_description("Calls made to other processes").build(),
            duration: meter
                .f64_histogram("polity.portal.duration")
                .with_unit("s")
                .with_description("How long calls to other processes took, with retries")
                .build(),
            _breaker: gauge,
        }
    }

    /// Counts one call.
    pub(crate) fn record<T>(&self, method: &Method, outcome: &Result<T, Fault>, took: Duration) {
        let outcome = match outcome {
            Ok(_) => "ok",
            Err(fault) => fault.code.name(),
        };
        let attributes = [
            KeyValue::new("target", self.target.clone()),
            KeyValue::new("service", method.service),
            KeyValue::new("method", method.name),
            KeyValue::new("outcome", outcome),
        ];
        self.calls.add(1, &attributes);
        self.duration.record(took.as_secs_f64(), &attributes);
    }
}
