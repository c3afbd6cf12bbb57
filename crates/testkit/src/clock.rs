//! A clock that stands still until a test moves it.
//!
//! What may not enter: the machine's time.

use chrono::DateTime;
use kernel::{Clock, Time};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// 2030-01-01T00:00:00Z in microseconds since 1970.
const START_US: i64 = 1_893_456_000_000_000;

/// Shows 2030-01-01T00:00:00Z, and later whatever it is moved to.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicI64::new(START_US))
    }
}

impl ManualClock {
    /// Moves it forward; what is finer than a microsecond is dropped.
    ///
    /// # Panics
    /// When `by` is longer than 292 000 years.
    pub fn advance(&self, by: Duration) {
        let by_us = i64::try_from(by.as_micros()).expect("tests stay within recorded time");
        self.0.fetch_add(by_us, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).expect("tests stay within recorded time")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_until_it_is_moved() {
        let clock = ManualClock::default();
        assert_eq!(clock.now().to_rfc3339(), "2030-01-01T00:00:00+00:00");
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_micros(86_400_000_001));
        assert_eq!(clock.now().to_rfc3339(), "2030-01-02T00:00:00.000001+00:00");
    }
}
