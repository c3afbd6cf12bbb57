//! Time as a port: nothing below the runtime asks the machine what time it is.
#![expect(clippy::disallowed_methods, reason = "this is the clock the others are given")]

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use std::time::Duration;

/// A UTC instant, kept to the microsecond because that is what every relational engine can store.
pub type Time = DateTime<Utc>;

/// The last microsecond of the year 9999: what is later, no format and no engine can be trusted to hold.
const LAST_US: i64 = 253_402_300_799_999_999;

/// So much later; the end of the year 9999 where that would be beyond it.
pub fn after(time: Time, period: Duration) -> Time {
    let last = DateTime::from_timestamp_micros(LAST_US).unwrap_or(Time::MAX_UTC);
    let later = TimeDelta::from_std(period).ok().and_then(|period| time.checked_add_signed(period));
    later.map_or(last, |later| later.min(last))
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in UTC, truncated to microseconds.
    fn now(&self) -> Time;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        let now = Utc::now();
        Utc.timestamp_micros(now.timestamp_micros()).single().unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_ends_with_the_year_9999() {
        let now = SystemClock.now();
        assert_eq!(after(now, Duration::from_secs(1)) - now, TimeDelta::seconds(1));
        for period in [Duration::MAX, Duration::from_secs(300_000_000_000)] {
            assert_eq!(after(now, period).to_string(), "9999-12-31 23:59:59.999999 UTC");
        }
    }
}
