//! A circuit breaker: after some failures in a row the target is left alone for a while, then one call probes it.
//! Knows no transport and no clock; it is told what time it is.

use chrono::TimeDelta;
use kernel::Time;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether calls go through.
pub(crate) struct Breaker {
    failures_to_open: u32,
    rest: TimeDelta,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { since: Time },
    Probing { since: Time },
}

/// Leave to make one call. Dropped without a verdict it counts neither way.
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    probe: bool,
    settled: bool,
}

impl Breaker {
    /// Opens after `failures_to_open` failures in a row (0: never), for `rest`.
    pub(crate) fn new(failures_to_open: u32, rest: TimeDelta) -> Self {
        Self { failures_to_open, rest, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Leave for one call, or nothing while the target rests or is being probed.
    pub(crate) fn admit(&self, now: Time) -> Option<Pass<'_>> {
        let mut state = self.state();
        let probe = match *state {
            State::Closed { .. } => false,
            State::Probing { .. } => return None,
            // A clock set back must not keep the target resting for hours.
            State::Open { since } if now < since || now - since >= self.rest => {
                *state = State::Probing { since };
                true
            }
            State::Open { .. } => return None,
        };
        Some(Pass { breaker: self, probe, settled: false })
    }

    /// 0 closed, 1 probing, 2 open: the value of the gauge.
    pub(crate) fn level(&self) -> i64 {
        match *self.state() {
            State::Closed { .. } => 0,
            State::Probing { .. } => 1,
            State::Open { .. } => 2,
        }
    }

    // A number or an instant is never half written, so a poisoned lock still holds a good state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The target answered.
    pub(crate) fn succeeded(mut self) {
        self.settled = true;
        let mut state = self.breaker.state();
        match *state {
            State::Closed { .. } => *state = State::Closed { failures: 0 },
            State::Probing { .. } if self.probe => *state = State::Closed { failures: 0 },
            // Calls made before it opened say nothing about now.
            State::Probing { .. } | State::Open { .. } => {}
        }
    }

    /// The target could not be reached, or not in time. Says whether that opened the breaker.
    pub(crate) fn failed(mut self, now: Time) -> bool {
        self.settled = true;
        let mut state = self.breaker.state();
        let next = match *state {
            State::Closed { failures } if failures.saturating_add(1) == self.breaker.failures_to_open => {
                State::Open { since: now }
            }
            State::Closed { failures } => State::Closed { failures: failures.saturating_add(1) },
            State::Probing { .. } if self.probe => State::Open { since: now },
            earlier @ (State::Probing { .. } | State::Open { .. }) => earlier,
        };
        *state = next;
        matches!(next, State::Open { since } if since == now)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.settled || !self.probe {
            return;
        }
        let mut state = self.breaker.state();
        if let State::Probing { since } = *state {
            *state = State::Open { since };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn at(second: i64) -> Time {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    /// A breaker that opened at second 0.
    fn opened() -> Breaker {
        let breaker = Breaker::new(3, TimeDelta::seconds(10));
        for _ in 0..3 {
            breaker.admit(at(0)).unwrap().failed(at(0));
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let breaker = Breaker::new(3, TimeDelta::seconds(10));
        for outcome in [false, false, true, false, false] {
            let pass = breaker.admit(at(0)).unwrap();
            if outcome { pass.succeeded() } else { assert!(!pass.failed(at(0))) }
        }
        assert_eq!(breaker.level(), 0, "a success in between begins the count anew");
        breaker.admit(at(0)).unwrap().failed(at(0));
        assert_eq!(breaker.level(), 2);
        assert!(breaker.admit(at(9)).is_none());
    }

    #[test]
    fn one_probe_goes_through_after_the_rest_and_closes_it() {
        let breaker = opened();
        let probe = breaker.admit(at(10)).unwrap();
        assert!(breaker.admit(at(10)).is_none(), "only one call probes");
        probe.succeeded();
        assert_eq!(breaker.level(), 0);
        assert!(breaker.admit(at(10)).is_some());
    }

    #[test]
    fn a_failed_probe_opens_it_for_another_rest() {
        let breaker = opened();
        breaker.admit(at(10)).unwrap().failed(at(11));
        assert!(breaker.admit(at(20)).is_none());
        assert!(breaker.admit(at(21)).is_some());
    }

    #[test]
    fn an_abandoned_probe_lets_the_next_call_probe() {
        let breaker = opened();
        drop(breaker.admit(at(10)).unwrap());
        assert!(breaker.admit(at(10)).is_some());
    }

    #[test]
    fn a_call_from_before_it_opened_changes_nothing() {
        let breaker = Breaker::new(1, TimeDelta::seconds(10));
        let (early, late) = (breaker.admit(at(0)).unwrap(), breaker.admit(at(0)).unwrap());
        breaker.admit(at(0)).unwrap().failed(at(0));
        early.succeeded();
        late.failed(at(5));
        assert_eq!(breaker.level(), 2);
        assert!(breaker.admit(at(10)).is_some());
    }

    #[test]
    fn a_clock_set_back_ends_the_rest() {
        assert!(opened().admit(at(-3600)).is_some());
    }

    #[test]
    fn zero_failures_never_open_it() {
        let breaker = Breaker::new(0, TimeDelta::seconds(10));
        for _ in 0..100 {
            breaker.admit(at(0)).unwrap().failed(at(0));
        }
        assert_eq!(breaker.level(), 0);
    }
}
