//! When a failed task is tried again.

use std::time::Duration;
use uuid::Uuid;

/// Exponential backoff with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The pause after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_hours(1) }
    }
}

impl Retry {
    /// The pause after the given failed attempt, from 1: between a half and the whole of what doubling gives. Where in
    /// between depends on the task, so that those that failed together do not all come back together, and on nothing
    /// else, so that a run can be replayed.
    pub fn pause(&self, task: Uuid, attempt: i32) -> Duration {
        let doublings = u32::try_from(attempt.clamp(1, 31) - 1).unwrap_or(0);
        let whole = self.first.saturating_mul(2_u32.saturating_pow(doublings)).min(self.longest);
        let share = f64::from(scatter(task, attempt)) / f64::from(u32::MAX);
        whole.mul_f64(0.5 + share / 2.0)
    }
}

/// A number that looks random and depends on its arguments alone (the finaliser of MurmurHash3, public domain).
fn scatter(task: Uuid, attempt: i32) -> u32 {
    let (high, low) = task.as_u64_pair();
    let mut mixed = high ^ low.rotate_left(23) ^ u64::from(attempt.unsigned_abs());
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    u32::try_from(mixed >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Retry;
    use std::time::Duration;
    use uuid::Uuid;

    #[test]
    fn pauses_double_within_their_jitter_up_to_the_longest() {
        let retry = Retry { first: Duration::from_secs(1), longest: Duration::from_secs(20) };
        for n in 0..200 {
            let task = Uuid::from_u128(n);
            for (attempt, whole) in [(1, 1), (2, 2), (5, 16), (6, 20), (1_000, 20)] {
                let pause = retry.pause(task, attempt);
                let whole = Duration::from_secs(whole);
                assert!(pause >= whole / 2 && pause <= whole, "attempt {attempt}: {pause:?}");
            }
        }
    }

    #[test]
    fn tasks_that_failed_together_do_not_come_back_together() {
        let pauses: std::collections::HashSet<_> =
            (0..100).map(|n| Retry::default().pause(Uuid::from_u128(n), 3).as_millis() / 10).collect();
        assert!(pauses.len() > 60, "{} different pauses", pauses.len());
    }
}
