//! What a worker does while its queue does not answer: it waits, longer each time, and says so.

use kernel::{Fault, FaultCode};
use std::time::Duration;
use tokio::time::Instant;

/// The pause after the first failure is twice this; each further one doubles.
const FIRST: Duration = Duration::from_millis(20);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);
/// Failures in a row that are over by themselves: processes that start together, a database that restarts.
const QUIET: u32 = 2;

/// Failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Standstill {
    failures: u32,
    until: Option<Instant>,
}

impl Standstill {
    /// Something failed: nothing is asked of the queue for a while.
    pub(crate) fn failed(&mut self, module: &'static str, fault: &Fault) {
        self.failures = self.failures.saturating_add(1);
        let failures = self.failures;
        if failures > QUIET || fault.code != FaultCode::Unavailable {
            tracing::warn!(module, failures, %fault, cause = fault.chain(), "the worker stands still");
        } else {
            tracing::debug!(module, failures, %fault, "the worker waits");
        }
        let pause = FIRST.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(LONGEST);
        self.until = Some(Instant::now() + pause);
    }

    /// The queue answers, or there is no time left to wait for it.
    pub(crate) fn over(&mut self) {
        *self = Self::default();
    }

    /// Returns when it is time to try again.
    pub(crate) async fn wait(&self) {
        if let Some(until) = self.until() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Until when nothing is to be asked, if it is not over by now.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until.filter(|until| *until > Instant::now())
    }
}
