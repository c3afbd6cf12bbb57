//! How often something may happen, as a port, and the rule all its engines follow.
//!
//! The rule is the generic cell rate algorithm in its virtual scheduling form (ITU-T Recommendation I.371, annex A): of
//! each key one instant is kept, the theoretical arrival time of the next request if requests came evenly spaced. A
//! request is early by how far that instant lies ahead; up to a burst may be early.

use crate::Fault;
use std::time::Duration;

/// How often something may happen. Both numbers are at least one, whatever they were made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    interval_us: i64,
    burst: u32,
}

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may go on. One that may not has cost nothing.
    pub allowed: bool,
    /// How many more may follow at once.
    pub remaining: u32,
    /// How long until the next one is allowed; zero when this one was.
    pub retry_after: Duration,
    /// How long until the whole burst is there again, if nothing follows.
    pub reset: Duration,
}

impl Quota {
    /// So many in each `period` in the long run, and `burst` at once.
    pub fn new(count: u32, period: Duration, burst: u32) -> Self {
        let period_us = i64::try_from(period.as_micros()).unwrap_or(i64::MAX);
        // Bounded, so that no product below leaves what a script's numbers hold exactly (2⁵³).
        let interval_us = (period_us / i64::from(count.max(1))).clamp(1, 86_400_000_000);
        Self { interval_us, burst: burst.clamp(1, 50_000) }
    }

    /// So many a minute in the long run, and `burst` at once.
    pub fn per_minute(count: u32, burst: u32) -> Self {
        Self::new(count, Duration::from_secs(60), burst)
    }

    /// The time between two requests that come evenly, in microseconds.
    pub fn interval_us(&self) -> i64 {
        self.interval_us
    }

    /// How many may come at once.
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// One request at `now_us`, and what is to be kept: the theoretical arrival time, in microseconds of the same clock.
    /// What is kept and not after now may as well be forgotten.
    pub fn take(&self, kept_us: Option<i64>, now_us: i64) -> (Verdict, i64) {
        let whole = self.interval_us * i64::from(self.burst);
        // Further ahead than a spent burst nothing can be, unless the clock was put back.
        let arrival = kept_us.unwrap_or(now_us).clamp(now_us, now_us + whole);
        let next = arrival + self.interval_us;
        let early = next - whole - now_us;
        if early > 0 {
            let verdict =
                Verdict { allowed: false, remaining: 0, retry_after: micros(early), reset: micros(arrival - now_us) };
            return (verdict, arrival);
        }
        let remaining = u32::try_from((whole - (next - now_us)) / self.interval_us).unwrap_or(0);
        (Verdict { allowed: true, remaining, retry_after: Duration::ZERO, reset: micros(next - now_us) }, next)
    }
}

fn micros(count: i64) -> Duration {
    Duration::from_micros(u64::try_from(count).unwrap_or(0))
}

/// Counts what happens under keys, for everybody who asks the same engine.
#[async_trait::async_trait]
pub trait RateLimiter: Send + Sync {
    /// One request under `key`. Keys do not touch each other; a key is always asked with the same quota. Of requests made
    /// at once no more are allowed than the quota has room for.
    ///
    /// # Errors
    /// `Unavailable` when nobody can tell now; the request may have been counted.
    async fn check(&self, key: &str, quota: &Quota) -> Result<Verdict, Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn burst_is_spent_and_comes_back_one_by_one() {
        let quota = Quota::per_minute(60, 3);
        let (mut kept, mut left) = (None, Vec::new());
        for _ in 0..4 {
            let (verdict, next) = quota.take(kept, 0);
            left.push((verdict.allowed, verdict.remaining));
            kept = Some(next);
        }
        assert_eq!(left, [(true, 2), (true, 1), (true, 0), (false, 0)]);
        let (refused, _) = quota.take(kept, SECOND / 4);
        assert_eq!(refused.retry_after, Duration::from_millis(750));
        let (allowed, _) = quota.take(kept, SECOND);
        assert_eq!((allowed.allowed, allowed.remaining), (true, 0));
        let (rested, _) = quota.take(kept, 60 * SECOND);
        assert_eq!((rested.allowed, rested.remaining, rested.reset), (true, 2, Duration::from_secs(1)));
    }

    #[test]
    fn clock_that_was_put_back_keeps_nobody_out_for_long() {
        let quota = Quota::per_minute(60, 3);
        let (verdict, _) = quota.take(Some(3_600 * SECOND), 0);
        assert_eq!((verdict.allowed, verdict.retry_after), (false, Duration::from_secs(1)));
    }

    #[test]
    fn numbers_out_of_bounds_are_brought_within() {
        let quota = Quota::new(0, Duration::MAX, u32::MAX);
        assert!(quota.take(Some(i64::MIN), 1_800_000_000 * SECOND).0.allowed);
        assert!(Quota::new(u32::MAX, Duration::ZERO, 0).take(None, 0).0.allowed);
    }
}
