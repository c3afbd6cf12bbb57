//! Links that travel by mail: whoever follows one reads the mail of that address.
//!
//! What may not enter: the token. Whoever is asked here has already been found by it.

use auth_contract::reasons;
use chrono::TimeDelta;
use kernel::{Fault, Time};

/// What following a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Proves that the account's owner reads the address; it becomes the account's, if it was another one.
    ProveEmail,
    /// Sets a new password.
    ResetPassword,
}

impl Purpose {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ProveEmail => "prove_email",
            Self::ResetPassword => "reset_password",
        }
    }

    /// For how long such a link is good: the mightier, the shorter.
    pub(crate) const fn lifetime(self) -> TimeDelta {
        match self {
            Self::ProveEmail => TimeDelta::hours(24),
            Self::ResetPassword => TimeDelta::hours(1),
        }
    }
}

/// The instants that decide over a link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkState {
    pub(crate) expires_at: Time,
    pub(crate) spent_at: Option<Time>,
}

impl LinkState {
    /// Whether it is good at `now`.
    ///
    /// # Errors
    /// `auth.link_spent`, whether it was used, replaced, or is too old: that is nobody's business.
    pub(crate) fn good(&self, now: Time) -> Result<(), Fault> {
        if self.spent_at.is_none() && now < self.expires_at {
            return Ok(());
        }
        Err(reasons::LINK_SPENT.fault())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_is_good_once_and_in_time() {
        let at = |minutes| Time::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let fresh = LinkState { expires_at: at(10), spent_at: None };
        assert!(fresh.good(at(9)).is_ok());
        assert!(fresh.good(at(10)).is_err());
        assert!(LinkState { spent_at: Some(at(1)), ..fresh }.good(at(2)).unwrap_err().is(&reasons::LINK_SPENT));
    }
}
