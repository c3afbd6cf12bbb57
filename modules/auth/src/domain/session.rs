//! When a log-in in a browser still holds.
//!
//! What may not enter: the token. Whoever is asked here has already been found by it.

use chrono::TimeDelta;
use kernel::Time;

/// How exactly a session's last use is known at best.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(5);

/// How long what proves who somebody is remains valid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    /// A session that is not used.
    pub(crate) session_idle: TimeDelta,
    /// A session, however much it is used.
    pub(crate) session_absolute: TimeDelta,
    /// An access token.
    pub(crate) access_token: TimeDelta,
    /// A refresh token.
    pub(crate) refresh_token: TimeDelta,
}

/// The instants that decide over a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionState {
    pub(crate) last_seen_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) ended_at: Option<Time>,
}

impl SessionState {
    /// Whether it holds at `now`.
    pub(crate) fn is_live(&self, now: Time, lifetimes: &Lifetimes) -> bool {
        self.ended_at.is_none() && now < self.expires_at && now < self.last_seen_at + lifetimes.session_idle
    }

    /// Whether its use at `now` is worth a write. Short-lived sessions are written more often, or using one would not
    /// keep it.
    pub(crate) fn wants_touch(&self, now: Time, lifetimes: &Lifetimes) -> bool {
        now - self.last_seen_at >= TOUCH_EVERY.min(lifetimes.session_idle / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIMES: Lifetimes = Lifetimes {
        session_idle: TimeDelta::hours(1),
        session_absolute: TimeDelta::hours(10),
        access_token: TimeDelta::minutes(15),
        refresh_token: TimeDelta::days(30),
    };

    fn at(minutes: i64) -> Time {
        Time::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn session(last_seen: i64) -> SessionState {
        SessionState { last_seen_at: at(last_seen), expires_at: at(600), ended_at: None }
    }

    #[test]
    fn session_lives_until_it_is_idle_or_old_or_ended() {
        assert!(session(0).is_live(at(59), &LIFETIMES));
        assert!(!session(0).is_live(at(60), &LIFETIMES));
        assert!(session(570).is_live(at(599), &LIFETIMES));
        assert!(!session(570).is_live(at(600), &LIFETIMES));
        assert!(!SessionState { ended_at: Some(at(1)), ..session(0) }.is_live(at(2), &LIFETIMES));
    }

    #[test]
    fn use_is_written_down_every_five_minutes_or_sooner_if_sessions_are_short() {
        assert!(!session(0).wants_touch(at(4), &LIFETIMES));
        assert!(session(0).wants_touch(at(5), &LIFETIMES));
        let short = Lifetimes { session_idle: TimeDelta::minutes(2), ..LIFETIMES };
        assert!(session(0).wants_touch(at(1), &short));
    }
}
