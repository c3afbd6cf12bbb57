//! What the store tells about itself. Names follow OpenTelemetry's database conventions where there is one.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use std::time::Duration;

pub(crate) struct Metrics {
    module: &'static str,
    commits: Histogram<f64>,
    deliveries: Counter<u64>,
    lag: Histogram<f64>,
}

impl Metrics {
    pub(crate) fn new(module: &'static str) -> Self {
        let meter = opentelemetry::global::meter("polity.store");
        Self {
            module,
            commits: meter
                .f64_histogram("polity.store.commit.duration")
                .with_unit("s")
                .with_description("Time from opening a write transaction to its commit.")
                .with_boundaries(vec![0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0])
                .build(),
            deliveries: meter
                .u64_counter("polity.feed.deliveries")
                .with_unit("{event}")
                .with_description("Events handed to subscribers, by outcome.")
                .build(),
            lag: meter
                .f64_histogram("polity.feed.lag")
                .with_unit("s")
                .with_description("Time from an event's commit to its handler's commit.")
                .with_boundaries(vec![0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 10.0, 60.0])
                .build(),
        }
    }

    pub(crate) fn committed(&self, took: Duration, outcome: &'static str) {
        let labels = [KeyValue::new("module", self.module), KeyValue::new("outcome", outcome)];
        self.commits.record(took.as_secs_f64(), &labels);
    }

    pub(crate) fn delivered(&self, subscriber: &'static str, outcome: &'static str, lag_s: f64) {
        let subscriber = KeyValue::new("subscriber", subscriber);
        self.deliveries.add(1, &[subscriber.clone(), KeyValue::new("outcome", outcome)]);
        self.lag.record(lag_s.max(0.0), &[subscriber]);
    }
}
