//! How many requests a community may make, for those that are bounded: the generic cell rate algorithm (ATM Forum
//! TM 4.0), one instant for each community, in this process.

use chrono::TimeDelta;
use kernel::{Clock, Community, Fault, TenantId, Time, reasons};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A community may be ahead of its pace by this long: a minute's requests at once.
const AHEAD: TimeDelta = TimeDelta::minutes(1);
/// What is on record of communities at most before what is over is forgotten.
const KEPT: usize = 1_024;

/// For each community, the instant at which it has made no more requests than its pace allows.
pub(super) struct Quotas {
    clock: Arc<dyn Clock>,
    paid_until: Mutex<HashMap<TenantId, Time>>,
}

impl Quotas {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, paid_until: Mutex::default() }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// `community.busy` with the seconds until the next one may be made.
    pub(super) fn take(&self, community: &Community) -> Result<(), Fault> {
        let Some(per_minute) = community.requests_per_minute.filter(|limit| *limit > 0) else { return Ok(()) };
        let (now, cost) = (self.clock.now(), TimeDelta::microseconds(60_000_000 / i64::from(per_minute)));
        let mut paid_until = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        if paid_until.len() > KEPT {
            paid_until.retain(|_, until| *until > now);
        }
        let until = paid_until.entry(community.tenant()).or_insert(now);
        let after = (*until).max(now) + cost;
        let over = after - now - AHEAD;
        if over > TimeDelta::zero() {
            let seconds = u64::try_from(over.num_milliseconds().div_euclid(1_000) + 1).unwrap_or(1);
            return Err(reasons::COMMUNITY_BUSY.fault().retry_after_s(seconds));
        }
        *until = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stopped(Mutex<Time>);

    impl Clock for Stopped {
        fn now(&self) -> Time {
            *self.0.lock().unwrap()
        }
    }

    #[test]
    fn community_that_is_bounded_makes_a_minutes_requests_and_then_waits() {
        let clock = Arc::new(Stopped(Mutex::new("2030-01-01T00:00:00Z".parse().unwrap())));
        let quotas = Quotas::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let bounded = Community { requests_per_minute: Some(3), ..Community::first() };
        for _ in 0..3 {
            quotas.take(&bounded).unwrap();
        }
        let busy = quotas.take(&bounded).unwrap_err();
        assert!(busy.is(&reasons::COMMUNITY_BUSY) && busy.retry_after_s == Some(21), "{busy:?}");
        quotas.take(&Community::first()).unwrap();
        *clock.0.lock().unwrap() += TimeDelta::seconds(20);
        quotas.take(&bounded).unwrap();
        assert!(quotas.take(&bounded).is_err());
    }
}
