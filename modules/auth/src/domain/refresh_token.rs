//! What may be had for a refresh token (RFC 9700 section 4.14.2: rotation, and what a second use means).
//!
//! What may not enter: the token itself.

use auth_contract::reasons;
use kernel::{Fault, Time};

/// The instants that decide over a refresh token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefreshState {
    pub(crate) expires_at: Time,
    pub(crate) used_at: Option<Time>,
    pub(crate) revoked_at: Option<Time>,
}

/// Why nothing is to be had for a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshRefused {
    /// Expired, or its log-in has ended.
    Rejected,
    /// Used before: its rightful holder and a thief both have it, and nobody can tell which of them this is.
    Reused,
}

impl RefreshState {
    /// Whether new tokens may be given for it at `now`.
    pub(crate) fn redeem(&self, now: Time) -> Result<(), RefreshRefused> {
        if self.revoked_at.is_some() {
            return Err(RefreshRefused::Rejected);
        }
        if self.used_at.is_some() {
            return Err(RefreshRefused::Reused);
        }
        if now >= self.expires_at {
            return Err(RefreshRefused::Rejected);
        }
        Ok(())
    }
}

impl From<RefreshRefused> for Fault {
    fn from(refused: RefreshRefused) -> Self {
        match refused {
            RefreshRefused::Rejected => reasons::REFRESH_REJECTED.fault(),
            RefreshRefused::Reused => reasons::REFRESH_REUSED.fault(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn at(minutes: i64) -> Time {
        Time::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn token_is_good_once_and_in_time() {
        let fresh = RefreshState { expires_at: at(10), used_at: None, revoked_at: None };
        assert_eq!(fresh.redeem(at(9)), Ok(()));
        assert_eq!(fresh.redeem(at(10)), Err(RefreshRefused::Rejected));
        let used = RefreshState { used_at: Some(at(1)), ..fresh };
        assert_eq!(used.redeem(at(2)), Err(RefreshRefused::Reused));
        assert_eq!(used.redeem(at(11)), Err(RefreshRefused::Reused), "a thief may come late");
        let revoked = RefreshState { revoked_at: Some(at(1)), ..used };
        assert_eq!(revoked.redeem(at(2)), Err(RefreshRefused::Rejected));
    }
}
