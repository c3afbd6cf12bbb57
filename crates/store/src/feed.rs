//! The subscriber's side of the feed: at least once on the wire, exactly once in effect, in order per key.
//!
//! A subscription reads a module's log in order. The handler's effect commits together with the cursor and the inbox
//! row. An event that fails is parked with its key, so that only later events of that key wait for it; after the last
//! attempt it becomes a dead letter. A dependency that is merely away (`Unavailable`) parks nothing: everything waits.

use crate::Store;
use crate::inbox::{Parked, Place};
use futures::FutureExt;
use kernel::{Actor, Caller, Delivery, Event, EventLog, Fault, FaultCode, Late, Position, Reason, Sequenced, Time};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use telemetry::DeliveryOutcome;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub(crate) const ALREADY_HANDLED: Reason =
    Reason::new(FaultCode::Conflict, "feed.already_handled", "This event was handled before.");
pub(crate) const CURSOR_MOVED: Reason =
    Reason::new(FaultCode::Conflict, "feed.cursor_moved", "Another process handles this subscription.");

/// What was away is looked for at least this often, so that it is found soon after it came back.
const LONGEST_STANDSTILL: Duration = Duration::from_secs(5);

/// Handles events of one subscription.
#[async_trait::async_trait]
pub trait Subscriber: Send + Sync {
    /// Handles one event. Whatever is committed with this `caller` commits the delivery with it; a handler that commits
    /// nothing is acknowledged when it returns.
    ///
    /// # Errors
    /// Any fault. `Unavailable` means "later, in order"; everything else counts as a failed attempt.
    async fn on_event(&self, caller: Caller, event: &Event) -> Result<(), Fault>;
}

/// Who listens to what.
#[derive(Clone)]
pub struct Subscription {
    /// The subscriber's stable name, such as `forum.members`: cursor and inbox are kept under it.
    pub subscriber: &'static str,
    /// The module listened to.
    pub source: &'static str,
    /// Whether an event of this kind is of interest.
    pub wants: fn(&str) -> bool,
    /// Who handles it.
    pub handler: Arc<dyn Subscriber>,
}

/// How patiently events are handled.
#[derive(Debug, Clone)]
pub struct FeedOptions {
    /// Events read at once.
    pub batch: usize,
    /// How long one read waits for news.
    pub wait: Duration,
    /// Attempts before an event becomes a dead letter.
    pub max_attempts: i32,
    /// The pause after the first failure; it doubles with each further one.
    pub backoff: Duration,
    /// The longest pause.
    pub backoff_max: Duration,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            batch: 256,
            wait: Duration::from_secs(20),
            max_attempts: 8,
            backoff: Duration::from_millis(200),
            backoff_max: Duration::from_mins(1),
        }
    }
}

impl FeedOptions {
    /// As configured.
    pub fn of(feed: &settings::Feed) -> Self {
        Self {
            batch: usize::try_from(feed.batch).unwrap_or(usize::MAX),
            wait: Duration::from_millis(feed.wait_ms),
            max_attempts: i32::try_from(feed.max_attempts).unwrap_or(i32::MAX),
            backoff: Duration::from_millis(feed.backoff_ms),
            backoff_max: Duration::from_millis(feed.backoff_max_ms),
        }
    }

    fn pause(&self, attempts: i32) -> Duration {
        let doublings = u32::try_from(attempts.clamp(1, 31) - 1).unwrap_or(0);
        self.backoff.saturating_mul(2_u32.saturating_pow(doublings)).min(self.backoff_max)
    }
}

/// An event a subscriber gave up on.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Who gave up.
    pub subscriber: String,
    /// Whose log it stands in.
    pub source: String,
    /// Where.
    pub position: Position,
    /// The event.
    pub event: Event,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was given up.
    pub died_at: Time,
    /// The last error.
    pub error: String,
}

/// Runs a subscription until `stop`, keeping its state in `store`.
pub async fn run_subscription(
    store: Store,
    log: Late<dyn EventLog>,
    subscription: Subscription,
    options: FeedOptions,
    stop: CancellationToken,
) {
    let runner = Runner { store, subscription, options, stop };
    let mut failures = 0;
    while !runner.stop.is_cancelled() {
        match runner.round(log.get().as_ref()).await {
            Ok(()) => failures = 0,
            Err(fault) if fault.is(&CURSOR_MOVED) => {
                failures = 0;
                // Another process is at it. Looking again at once would only get in its way.
                tokio::select! { () = tokio::time::sleep(runner.options.backoff) => {}, () = runner.stop.cancelled() => {} }
            }
            Err(fault) => {
                failures += 1;
                let (subscriber, source) = (runner.subscription.subscriber, runner.subscription.source);
                // Processes that start together find each other within a try or two.
                if failures > 2 {
                    tracing::warn!(subscriber, source, failures, %fault, cause = fault.chain(), "the feed stands still");
                } else {
                    tracing::debug!(subscriber, source, failures, %fault, "the feed waits");
                }
                let pause = runner.options.pause(failures).min(LONGEST_STANDSTILL);
                tokio::select! { () = tokio::time::sleep(pause) => {}, () = runner.stop.cancelled() => {} }
            }
        }
    }
}

struct Runner {
    store: Store,
    subscription: Subscription,
    options: FeedOptions,
    stop: CancellationToken,
}

impl Runner {
    fn place(&self) -> Place<'static> {
        Place { subscriber: self.subscription.subscriber, source: self.subscription.source }
    }

    /// Retries what is due, then reads and handles one batch.
    async fn round(&self, log: &dyn EventLog) -> Result<(), Fault> {
        let mut cursor = self.store.cursor(self.place()).await?;
        self.retry_due().await?;
        let due = self.store.next_due(self.place()).await?;
        let batch = tokio::select! {
            batch = log.read(cursor, self.options.batch, self.wait(due)) => batch?,
            () = self.stop.cancelled() => return Ok(()),
        };
        let mut any_parked = due.is_some();
        let mut seen = cursor;
        for sequenced in &batch.events {
            if self.stop.is_cancelled() {
                break;
            }
            if (self.subscription.wants)(&sequenced.event.kind) {
                any_parked |= self.take(sequenced, cursor, any_parked).await?;
                cursor = sequenced.position;
            }
            seen = sequenced.position;
        }
        if seen > cursor {
            self.store.advance(self.place(), cursor, seen).await?;
        }
        let behind = u64::try_from(batch.head.0 - seen.0).unwrap_or(0);
        telemetry::meters().feed_lagged(self.subscription.subscriber, behind);
        Ok(())
    }

    fn wait(&self, due: Option<Time>) -> Duration {
        let Some(due) = due else { return self.options.wait };
        (due - self.store.clock().now()).to_std().unwrap_or(Duration::ZERO).min(self.options.wait)
    }

    /// Handles one event in its turn. True when it had to be parked.
    async fn take(&self, sequenced: &Sequenced, cursor: Position, any_parked: bool) -> Result<bool, Fault> {
        let now = self.store.clock().now();
        if any_parked && self.store.is_key_parked(self.place(), &sequenced.event.key).await? {
            let waits = "waits for an earlier event with the same key";
            self.store.park(self.place(), cursor, sequenced, now, 0, waits).await?;
            return Ok(true);
        }
        match self.deliver(sequenced.position, &sequenced.event, Some(cursor)).await {
            Ok(()) => Ok(false),
            Err(fault) if fault.is(&ALREADY_HANDLED) => {
                self.store.advance(self.place(), cursor, sequenced.position).await?;
                Ok(false)
            }
            Err(fault) if fault.is(&CURSOR_MOVED) || fault.code == FaultCode::Unavailable => Err(fault),
            Err(fault) => {
                let due = now + self.options.pause(1);
                self.store.park(self.place(), cursor, sequenced, due, 1, &told(&fault)).await?;
                Ok(true)
            }
        }
    }

    async fn retry_due(&self) -> Result<(), Fault> {
        let now = self.store.clock().now();
        for parked in self.store.due(self.place(), now).await? {
            match self.deliver(parked.position, &parked.event, None).await {
                Ok(()) => {}
                Err(fault) if fault.is(&CURSOR_MOVED) => {}
                Err(fault) if fault.is(&ALREADY_HANDLED) => self.store.unpark(self.place(), parked.position).await?,
                Err(fault) if fault.code == FaultCode::Unavailable => return Err(fault),
                Err(fault) => self.failed_again(&parked, &fault).await?,
            }
        }
        Ok(())
    }

    async fn failed_again(&self, parked: &Parked, fault: &Fault) -> Result<(), Fault> {
        let attempts = parked.attempts + 1;
        let (subscriber, position) = (self.subscription.subscriber, parked.position.0);
        if attempts >= self.options.max_attempts {
            tracing::error!(subscriber, position, attempts, %fault, cause = fault.chain(), "an event becomes a dead letter");
            return self.store.bury(self.place(), parked, attempts, &told(fault)).await;
        }
        let due = self.store.clock().now() + self.options.pause(attempts);
        self.store.repark(self.place(), parked.position, due, attempts, &told(fault)).await
    }

    /// Hands one event to the handler, and commits the delivery if the handler did not.
    async fn deliver(&self, position: Position, event: &Event, cursor: Option<Position>) -> Result<(), Fault> {
        let Subscription { subscriber, source, handler, .. } = &self.subscription;
        let delivery = Arc::new(Delivery::new(subscriber, source, position, event.id, cursor));
        let mut caller = Caller::new(Actor::service(event.tenant, subscriber), event.request_id.clone());
        caller.trace.clone_from(&event.trace);
        caller.on_behalf_of = Some(event.actor.clone());
        caller.delivery = Some(Arc::clone(&delivery));
        let span = tracing::debug_span!("deliver", subscriber, kind = event.kind, position = position.0);
        let handled = AssertUnwindSafe(handler.on_event(caller, event)).catch_unwind().instrument(span).await;
        let handled = handled.unwrap_or_else(|panic| Err(Fault::internal(panic_text(panic.as_ref()))));
        let settled = match handled {
            Ok(()) if !delivery.is_settled() => self.store.acknowledge(&delivery).await,
            other => other,
        };
        let outcome = match &settled {
            Ok(()) => DeliveryOutcome::Handled,
            Err(fault) if fault.is(&ALREADY_HANDLED) => DeliveryOutcome::Duplicate,
            Err(_) => DeliveryOutcome::Failed,
        };
        telemetry::meters().feed_delivered(*subscriber, outcome);
        settled
    }
}

fn told(fault: &Fault) -> String {
    let chain = fault.chain();
    if chain.is_empty() { fault.to_string() } else { format!("{fault}: {chain}") }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the handler panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
