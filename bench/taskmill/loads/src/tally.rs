//! What every handler does: count, and fail when told to.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What a handler must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It is done; under the full contract the number is the result to keep.
    Done(u32),
    /// It failed and wants to be tried again.
    Failed,
}

const FRESH: u8 = 0;
const FAILED: u8 = 1;
const DONE: u8 = 2;

/// Counts the tasks `0 .. expected`.
#[derive(Debug)]
pub struct Tally {
    failing: u32,
    states: Vec<AtomicU8>,
    starts: Vec<OnceLock<Instant>>,
    done: AtomicU32,
    doubled: AtomicU32,
    all_done: Notify,
    made: Instant,
    last_first_ns: AtomicU64,
    first_again_ns: AtomicU64,
}

impl Tally {
    /// Expects that many tasks; the first `failing` of them fail once.
    pub fn new(expected: u32, failing: u32) -> Self {
        Self {
            failing,
            states: (0..expected).map(|_| AtomicU8::new(FRESH)).collect(),
            starts: (0..expected).map(|_| OnceLock::new()).collect(),
            done: AtomicU32::new(0),
            doubled: AtomicU32::new(0),
            all_done: Notify::new(),
            made: Instant::now(),
            last_first_ns: AtomicU64::new(0),
            first_again_ns: AtomicU64::new(u64::MAX),
        }
    }

    /// The handler's whole body.
    pub fn handle(&self, number: u32) -> Handled {
        let index = number as usize;
        let (Some(state), Some(start)) = (self.states.get(index), self.starts.get(index)) else {
            return Handled::Done(number);
        };
        start.get_or_init(Instant::now);
        if self.failing > 0 {
            self.note_attempt(state.load(Ordering::Acquire));
        }
        if number < self.failing && state.compare_exchange(FRESH, FAILED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return Handled::Failed;
        }
        if state.swap(DONE, Ordering::AcqRel) == DONE {
            self.doubled.fetch_add(1, Ordering::Relaxed);
        } else if self.done.fetch_add(1, Ordering::AcqRel) as usize + 1 == self.states.len() {
            self.all_done.notify_one();
        }
        Handled::Done(number)
    }

    fn note_attempt(&self, state: u8) {
        let now = u64::try_from(self.made.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if state == FRESH {
            self.last_first_ns.fetch_max(now, Ordering::Relaxed);
        } else {
            self.first_again_ns.fetch_min(now, Ordering::Relaxed);
        }
    }

    /// How long nothing could be done because only tasks were left whose next attempt was not due yet.
    pub(crate) fn waited(&self) -> Duration {
        let again = self.first_again_ns.load(Ordering::Relaxed);
        if again == u64::MAX {
            return Duration::ZERO;
        }
        Duration::from_nanos(again.saturating_sub(self.last_first_ns.load(Ordering::Relaxed)))
    }

    /// Waits until every task was done once.
    pub(crate) async fn wait(&self) {
        if !self.states.is_empty() {
            self.all_done.notified().await;
        }
    }

    /// How many runs came after a task was already done.
    pub(crate) fn doubled(&self) -> u32 {
        self.doubled.load(Ordering::Relaxed)
    }

    /// How many are done.
    pub(crate) fn done(&self) -> u32 {
        self.done.load(Ordering::Acquire)
    }

    /// When the handler first began this task.
    pub(crate) fn start_of(&self, number: u32) -> Option<Instant> {
        self.starts.get(number as usize)?.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_tasks_fail_once_and_every_task_counts_once() {
        let tally = Tally::new(3, 1);
        assert_eq!(tally.handle(0), Handled::Failed);
        assert_eq!(tally.handle(1), Handled::Done(1));
        assert_eq!(tally.handle(1), Handled::Done(1));
        assert_eq!(tally.handle(1), Handled::Done(1));
        assert_eq!(tally.handle(0), Handled::Done(0));
        assert_eq!((tally.done(), tally.doubled()), (2, 2));
    }

    #[test]
    fn waiting_is_the_gap_between_first_and_second_attempts() {
        let tally = Tally::new(2, 1);
        tally.handle(0);
        tally.handle(1);
        assert_eq!(tally.waited(), Duration::ZERO);
        tally.handle(0);
        assert!(tally.waited() > Duration::ZERO && tally.waited() < tally.made.elapsed());
        let mixed = Tally::new(2, 1);
        mixed.handle(0);
        mixed.handle(0);
        mixed.handle(1);
        assert_eq!(mixed.waited(), Duration::ZERO);
    }
}
