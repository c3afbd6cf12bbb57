//! Rate limits of one process.

use kernel::{Fault, Quota, RateLimiter, Verdict};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Keys that do not share one are asked for at once.
const SHELVES: usize = 64;
/// As long as a shelf holds no more, it is not looked through.
const SMALL: usize = 256;

/// Counts requests in this process. What it holds is bounded by how many keys were asked for within the time their bursts
/// take to come back.
pub struct MemoryLimiter {
    began: Instant,
    hasher: RandomState,
    shelves: Vec<Mutex<Shelf>>,
}

#[derive(Default)]
struct Shelf {
    arrivals: HashMap<String, i64>,
    /// How many keys there were when those were thrown out that say nothing any more.
    after_sweep: usize,
}

impl Default for MemoryLimiter {
    fn default() -> Self {
        let shelves = (0..SHELVES).map(|_| Mutex::default()).collect();
        Self { began: Instant::now(), hasher: RandomState::new(), shelves }
    }
}

impl MemoryLimiter {
    /// How many keys it holds.
    pub fn len(&self) -> usize {
        let held = |shelf: &Mutex<Shelf>| shelf.lock().unwrap_or_else(PoisonError::into_inner).arrivals.len();
        self.shelves.iter().map(held).sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One request under `key`; it never fails and never waits.
    pub fn take(&self, key: &str, quota: &Quota) -> Verdict {
        let now_us = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        let nth = usize::try_from(self.hasher.hash_one(key) % SHELVES as u64).unwrap_or(0);
        let mut shelf = self.shelves[nth].lock().unwrap_or_else(PoisonError::into_inner);
        let (verdict, next) = quota.take(shelf.arrivals.get(key).copied(), now_us);
        match shelf.arrivals.get_mut(key) {
            Some(arrival) => *arrival = next,
            None => {
                shelf.arrivals.insert(key.to_owned(), next);
            }
        }
        // Each look through pays for as many keys as came since the last one.
        if shelf.arrivals.len() > (shelf.after_sweep * 2).max(SMALL) {
            shelf.arrivals.retain(|_, arrival| *arrival > now_us);
            shelf.after_sweep = shelf.arrivals.len();
        }
        verdict
    }
}

#[async_trait::async_trait]
impl RateLimiter for MemoryLimiter {
    async fn check(&self, key: &str, quota: &Quota) -> Result<Verdict, Fault> {
        Ok(self.take(key, quota))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn keys_that_say_nothing_any_more_are_forgotten() {
        let limiter = MemoryLimiter::default();
        let quick = Quota::new(1, Duration::from_micros(1), 1);
        for number in 0..200_000 {
            limiter.take(&number.to_string(), &quick);
        }
        assert!(limiter.len() <= SHELVES * 2 * SMALL, "{} keys are kept", limiter.len());
    }
}
