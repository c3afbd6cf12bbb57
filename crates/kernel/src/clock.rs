//! Time as a port: nothing below the runtime asks the machine what time it is.
#![expect(clippy::disallowed_methods, reason = "this is the clock the others are given")]

use chrono::{DateTime, TimeZone, Utc};

/// A UTC instant, kept to the microsecond because that is what every relational engine can store.
pub type Time = DateTime<Utc>;

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
