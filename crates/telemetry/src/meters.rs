//! The instruments that every part of Polity shares, made once. Names follow the OpenTelemetry semantic conventions
//! where those have one (<https://opentelemetry.io/docs/specs/semconv/>). Labels take their values from closed lists
//! or from what the program itself registers, so that no request can make a new time series.

use kernel::FaultCode;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};
use opentelemetry::{KeyValue, StringValue, Value, global};
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

/// The scope that all instruments carry.
pub(crate) const SCOPE: &str = "polity";

/// The buckets that the HTTP conventions advise, in seconds.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Buckets for what should take well under a millisecond, in seconds.
const SHORT_SECONDS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// The methods the HTTP conventions know; any other is `_OTHER`.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

static STARTED: OnceLock<Meters> = OnceLock::new();
/// What is recorded before the start goes nowhere, and does not keep what follows from being recorded.
static SILENT: LazyLock<Meters> = LazyLock::new(|| Meters::of(&global::meter(SCOPE)));

/// The process's instruments. Before [`crate::init`] they record nothing.
pub fn meters() -> &'static Meters {
    STARTED.get().unwrap_or_else(|| &SILENT)
}

/// Makes the instruments of the global meter the process's own. Only the first call counts.
pub(crate) fn start() {
    STARTED.get_or_init(|| Meters::of(&global::meter(SCOPE)));
}

/// What became of one event in a subscriber's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// Its effect is committed.
    Handled,
    /// It had been handled before.
    Duplicate,
    /// It failed and will be tried again.
    Failed,
}

impl DeliveryOutcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Duplicate => "duplicate",
            Self::Failed => "failed",
        }
    }
}

/// How one attempt at a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOutcome {
    /// Done.
    Done,
    /// Failed, to be tried again.
    Failed,
    /// Failed for the last time.
    Dead,
    /// Put off; no attempt.
    Snoozed,
    /// Stopped by somebody.
    Cancelled,
    /// Given back because the process stops.
    Returned,
}

impl TaskOutcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Snoozed => "snoozed",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }
}

/// The shared instruments. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Meters {
    http_duration: Histogram<f64>,
    usecase_duration: Histogram<f64>,
    commit_duration: Histogram<f64>,
    feed_lag: Gauge<u64>,
    feed_deliveries: Counter<u64>,
    task_duration: Histogram<f64>,
    task_wait: Histogram<f64>,
    queue_depth: Gauge<u64>,
    queue_age: Gauge<f64>,
    counted_alone: Counter<u64>,
}

impl Meters {
    /// Makes the instruments on `meter`.
    pub fn of(meter: &Meter) -> Self {
        let seconds = |name: &'static str, about: &'static str, buckets: &[f64]| {
            let histogram = meter.f64_histogram(name).with_unit("s").with_description(about);
            histogram.with_boundaries(buckets.to_vec()).build()
        };
        Self {
            http_duration: seconds("http.server.request.duration", "Duration of HTTP server requests.", &SECONDS),
            usecase_duration: seconds("polity.usecase.duration", "Duration of use cases.", &SHORT_SECONDS),
            commit_duration: seconds("polity.store.commit.duration", "Duration of commits.", &SHORT_SECONDS),
            feed_lag: meter
                .u64_gauge("polity.feed.lag")
                .with_unit("{event}")
                .with_description("Events committed that a subscriber has not handled yet.")
                .build(),
            feed_deliveries: meter
                .u64_counter("polity.feed.deliveries")
                .with_unit("{event}")
                .with_description("Events given to subscribers.")
                .build(),
            task_duration: seconds("polity.task.duration", "Duration of attempts at tasks.", &SECONDS),
            task_wait: seconds("polity.task.wait", "Time from a task's due instant to its start.", &SHORT_SECONDS),
            queue_depth: meter
                .u64_gauge("polity.task.queue.depth")
                .with_unit("{task}")
                .with_description("Tasks of a queue by state.")
                .build(),
            queue_age: meter
                .f64_gauge("polity.task.queue.oldest_age")
                .with_unit("s")
                .with_description("How long the oldest task that may start has been due.")
                .build(),
            counted_alone: meter
                .u64_counter("polity.http.limit.alone")
                .with_unit("{request}")
                .with_description("Requests counted by this process alone, because what counts for all did not answer.")
                .build(),
        }
    }

    /// An HTTP request was answered. `route` is the pattern that matched (`/threads/{id}`), never the path itself;
    /// `None` when nothing matched. Only known methods are told apart.
    pub fn http_served(&self, method: &str, route: Option<impl Into<StringValue>>, status: u16, took: Duration) {
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("_OTHER");
        let mut labels = vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.response.status_code", i64::from(status)),
        ];
        labels.extend(route.map(|route| text("http.route", route)));
        if status >= 500 {
            labels.push(KeyValue::new("error.type", status.to_string()));
        }
        self.http_duration.record(took.as_secs_f64(), &labels);
    }

    /// A use case ran, called `operation` such as `forum.post_reply`.
    pub fn usecase_ran(&self, operation: impl Into<StringValue>, outcome: Result<(), FaultCode>, took: Duration) {
        let labels = [text("polity.operation", operation), KeyValue::new("polity.outcome", outcome_name(outcome))];
        self.usecase_duration.record(took.as_secs_f64(), &labels);
    }

    /// A transaction of `module`'s database was committed.
    pub fn store_committed(&self, module: impl Into<StringValue>, took: Duration) {
        self.commit_duration.record(took.as_secs_f64(), &[text("polity.module", module)]);
    }

    /// How many events `subscriber` is behind.
    pub fn feed_lagged(&self, subscriber: impl Into<StringValue>, events: u64) {
        self.feed_lag.record(events, &[text("polity.subscriber", subscriber)]);
    }

    /// An event was given to `subscriber`.
    pub fn feed_delivered(&self, subscriber: impl Into<StringValue>, outcome: DeliveryOutcome) {
        let labels = [text("polity.subscriber", subscriber), KeyValue::new("polity.outcome", outcome.name())];
        self.feed_deliveries.add(1, &labels);
    }

    /// An attempt at a task of `kind` ended after it had `waited` since it was due.
    pub fn task_ran(&self, kind: impl Into<StringValue>, outcome: TaskOutcome, waited: Duration, took: Duration) {
        let kind = text("polity.task.kind", kind);
        self.task_wait.record(waited.as_secs_f64(), std::slice::from_ref(&kind));
        self.task_duration.record(took.as_secs_f64(), &[kind, KeyValue::new("polity.outcome", outcome.name())]);
    }

    /// A request was counted by this process alone although processes count together.
    pub fn counted_alone(&self) {
        self.counted_alone.add(1, &[]);
    }

    /// How many tasks of `module`'s queue are in `state`.
    pub fn queue_stands(
        &self,
        module: impl Into<StringValue>,
        queue: impl Into<StringValue>,
        state: &'static str,
        n: u64,
    ) {
        let labels = [text("polity.module", module), text("polity.queue", queue), KeyValue::new("polity.state", state)];
        self.queue_depth.record(n, &labels);
    }

    /// How long the oldest task of `module`'s queue that may start has been due.
    pub fn queue_aged(&self, module: impl Into<StringValue>, queue: impl Into<StringValue>, age: Duration) {
        self.queue_age.record(age.as_secs_f64(), &[text("polity.module", module), text("polity.queue", queue)]);
    }
}

fn text(name: &'static str, value: impl Into<StringValue>) -> KeyValue {
    KeyValue::new(name, Value::String(value.into()))
}

fn outcome_name(outcome: Result<(), FaultCode>) -> &'static str {
    outcome.map_or_else(FaultCode::name, |()| "ok")
}
