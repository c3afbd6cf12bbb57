//! What happened in each of the last minutes. Minutes that are over do not change any more, so each is counted once.
//!
//! What ended is counted as long as it is kept: a minute that was never asked for meanwhile is short of the tasks that
//! housekeeping has forgotten since.

use kernel::{Fault, ThroughputMinute, Time};
use std::collections::BTreeMap;
use store::Store;
use tokio::sync::Mutex;

const MINUTE_US: i64 = 60_000_000;
/// The minutes counted in one statement.
const SLICE_US: i64 = 15 * MINUTE_US;
/// How long after its end a minute may still change: commits are stamped when they begin.
const SETTLED_US: i64 = 2 * MINUTE_US;
/// The most minutes anybody can ask for: a day.
const MOST: u32 = 1_440;

/// The minutes counted so far.
#[derive(Default)]
pub(super) struct Chart(Mutex<BTreeMap<i64, ThroughputMinute>>);

impl Chart {
    /// The last minutes up to the present one, the earliest first; at most a day of them.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer. What was counted by then need not be counted again.
    pub(super) async fn last(&self, store: &Store, minutes: u32) -> Result<Vec<ThroughputMinute>, Fault> {
        let now_us = store.clock().now().timestamp_micros();
        let this = now_us - now_us % MINUTE_US;
        let mut known = self.0.lock().await;
        known.retain(|minute, _| *minute > this - i64::from(MOST) * MINUTE_US);
        let mut shown = Vec::new();
        let mut at = this - i64::from(minutes.clamp(1, MOST) - 1) * MINUTE_US;
        while at <= this {
            if let Some(minute) = known.get(&at) {
                shown.push(minute.clone());
                at += MINUTE_US;
                continue;
            }
            let settled = |minute: i64| minute + MINUTE_US + SETTLED_US <= now_us;
            let for_good = settled(at);
            let mut to = at + MINUTE_US;
            while to <= this && to - at < SLICE_US && settled(to) == for_good && !known.contains_key(&to) {
                to += MINUTE_US;
            }
            let counted = store.throughput(at, to, for_good).await?;
            while at < to {
                let minute = counted.iter().find(|minute| minute.minute.timestamp_micros() == at);
                let minute = minute.cloned().unwrap_or_else(|| nothing_in(at));
                if for_good {
                    known.insert(at, minute.clone());
                }
                shown.push(minute);
                at += MINUTE_US;
            }
        }
        Ok(shown)
    }
}

fn nothing_in(minute_us: i64) -> ThroughputMinute {
    let minute = Time::from_timestamp_micros(minute_us).unwrap_or_default();
    ThroughputMinute { minute, done: 0, failed: 0, dead: 0 }
}
