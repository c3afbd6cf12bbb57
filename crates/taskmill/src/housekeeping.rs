//! Keeping a module's database in order: one future that every worker process runs. Turns are taken over all of them.
//!
//! The outbox and the history are not touched: they are the module's memory.

use crate::TermsOf;
use kernel::{Fault, FaultCode};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use store::{Store, SweepPlace};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often ended tasks, dead letters, keys and lanes are looked after.
const SWEPT_EVERY: Duration = Duration::from_secs(30);
/// How often what grows more slowly is.
const TRIMMED_EVERY: Duration = Duration::from_mins(10);
/// The longest time one turn at one chore takes. What is left over waits for the next turn.
const TURN: Duration = Duration::from_secs(10);
/// For how long tasks of kinds are kept that this program does not know.
const UNKNOWN_KEPT: Duration = Duration::from_hours(7 * 24);
/// For how long dead letters wait for somebody.
const DEAD_KEPT: Duration = Duration::from_hours(30 * 24);
/// For how long a retry with the same idempotency key gets the same answer.
const REPLAYS_KEPT: Duration = Duration::from_hours(24);
/// For how long it is remembered that an event was handled.
const HANDLED_KEPT: Duration = Duration::from_hours(7 * 24);
/// For how long sagas are kept that have ended, and signals to sagas that never began.
const SAGAS_KEPT: Duration = Duration::from_hours(90 * 24);
/// Sagas that go in one transaction.
const SAGAS_AT_ONCE: u32 = 100;
/// How long after it was stamped an end may still be on its way into the table.
const LATE: Duration = Duration::from_mins(1);

/// Keeps the store's database in order until `stop`: forgets tasks that ended longer ago than the `terms` of their kind
/// say, and what else nobody can ask for any more, and records how the queues stand.
pub async fn keep_house(store: Store, terms: TermsOf, stop: CancellationToken) {
    let mut house = House::new(store, terms);
    // Processes that were started together do not come together.
    let (_, scattered) = house.store.ids().next().as_u64_pair();
    let mut rest = SWEPT_EVERY.mul_f64((scattered % 1_000) as f64 / 1_000.0);
    loop {
        tokio::select! { () = tokio::time::sleep(rest) => {}, () = stop.cancelled() => return }
        rest = SWEPT_EVERY;
        tokio::select! {
            kept = house.put_in_order() => match kept {
                Ok(()) => {}
                Err(fault) if fault.code == FaultCode::Unavailable => tracing::debug!(%fault, "the house is not kept"),
                Err(fault) => tracing::warn!(%fault, cause = fault.chain(), "the house is not kept"),
            },
            () = stop.cancelled() => return,
        }
    }
}

/// One process's part in keeping the house, turn by turn. [`keep_house`] takes turns every half minute.
pub struct House {
    store: Store,
    terms: TermsOf,
    /// For each time that tasks are kept for, up to where those that ended before were looked through.
    swept_us: BTreeMap<Duration, i64>,
}

impl House {
    /// For this store, with the terms of the kinds this program knows.
    pub fn new(store: Store, terms: TermsOf) -> Self {
        Self { store, terms, swept_us: BTreeMap::new() }
    }

    /// Records how the queues stand, and does the chores whose turn has come and that no other process does.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer; the next turn goes on from there.
    pub async fn put_in_order(&mut self) -> Result<(), Fault> {
        self.measure().await?;
        let swept = if self.store.take_turn("sweep", SWEPT_EVERY).await? { self.sweep().await } else { Ok(()) };
        if self.store.take_turn("trim", TRIMMED_EVERY).await? {
            self.trim().await?;
        }
        swept
    }

    /// Every process says how the queues stand, so that none goes on saying how they stood.
    async fn measure(&self) -> Result<(), Fault> {
        let (module, now) = (self.store.module(), self.store.clock().now());
        for queue in self.store.queue_states().await? {
            let name = || queue.settings.name.clone();
            let states = [
                ("ready", queue.ready),
                ("scheduled", queue.scheduled),
                ("waiting", queue.waiting),
                ("running", queue.running),
                ("dead", queue.dead),
            ];
            for (state, n) in states {
                telemetry::meters().queue_stands(module, name(), state, n);
            }
            let age = queue.oldest_due.map_or(Duration::ZERO, |due| (now - due).to_std().unwrap_or_default());
            telemetry::meters().queue_aged(module, name(), age);
        }
        Ok(())
    }

    async fn sweep(&mut self) -> Result<(), Fault> {
        let until = Instant::now() + TURN;
        let keeps: BTreeSet<Duration> =
            self.terms.values().map(|terms| terms.keep).chain(std::iter::once(UNKNOWN_KEPT)).collect();
        let mut ended: Result<u64, Fault> = Ok(0);
        for keep in keeps {
            let gone = self.sweep_kept_for(keep, until).await;
            ended = ended.and_then(|before| Ok(before + gone?));
        }
        let (store, dead_before) = (&self.store, self.store.clock().now() - DEAD_KEPT);
        // Nothing waits for what fails.
        let dead = over_and_over(until, || store.forget_dead(dead_before)).await;
        let keys = over_and_over(until, || store.forget_expired_keys()).await;
        for (queue, lane) in store.wake_stuck_lanes().await? {
            tracing::warn!(module = store.module(), queue, lane, "a lane stood still although nobody was at it");
        }
        let (ended, dead, keys) = (ended?, dead?, keys?);
        if ended + dead + keys > 0 {
            tracing::debug!(module = store.module(), ended, dead, keys, "what was over is forgotten");
        }
        Ok(())
    }

    /// Forgets ended tasks of the kinds that are kept for this long.
    async fn sweep_kept_for(&mut self, keep: Duration, until: Instant) -> Result<u64, Fault> {
        let to_us = (self.store.clock().now() - keep).timestamp_micros();
        // Ends are stamped before they are committed: what is not there yet is looked for again.
        let sure_us = to_us - i64::try_from(LATE.as_micros()).unwrap_or(i64::MAX);
        let terms = &self.terms;
        let goes = |kind: &str| terms.get(kind).map_or(UNKNOWN_KEPT, |terms| terms.keep) == keep;
        let swept_us = self.swept_us.entry(keep).or_insert(0);
        let mut from = Some(SweepPlace::at(*swept_us));
        let mut gone = 0;
        while let Some(place) = from.filter(|_| Instant::now() < until) {
            let swept = self.store.forget_ended(place, to_us, goes).await?;
            gone += swept.gone;
            from = swept.next;
            *swept_us = from.as_ref().map_or(to_us, SweepPlace::ended_us).min(sure_us).max(*swept_us);
        }
        Ok(gone)
    }

    async fn trim(&self) -> Result<(), Fault> {
        let until = Instant::now() + TURN;
        let (store, now) = (&self.store, self.store.clock().now());
        // Nothing waits for what fails.
        let replays = over_and_over(until, || store.forget_replays(now - REPLAYS_KEPT, now - SAGAS_KEPT)).await;
        let handled = over_and_over(until, || store.forget_handled(now - HANDLED_KEPT)).await;
        let sagas = over_and_over(until, || store.forget_sagas(now - SAGAS_KEPT, SAGAS_AT_ONCE)).await;
        let signals = over_and_over(until, || store.forget_stray_signals(now - SAGAS_KEPT)).await;
        let (replays, handled, sagas, signals) = (replays?, handled?, sagas?, signals?);
        if replays + handled + sagas + signals > 0 {
            tracing::debug!(module = store.module(), replays, handled, sagas, signals, "what was over is forgotten");
        }
        Ok(())
    }
}

/// Repeats a batch until nothing is left or it takes too long. How many went.
async fn over_and_over<F>(until: Instant, batch: impl Fn() -> F) -> Result<u64, Fault>
where
    F: Future<Output = Result<u64, Fault>>,
{
    let mut gone = 0;
    loop {
        let more = batch().await?;
        gone += more;
        if more == 0 || Instant::now() >= until {
            return Ok(gone);
        }
    }
}
