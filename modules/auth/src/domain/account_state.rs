//! Whether an account may be used: suspended, about to be deleted, deleted, or none of these.
//!
//! What may not enter: who may decide it. That is a policy.

use auth_contract::reasons;
use chrono::TimeDelta;
use kernel::{Fault, Time, UserId};

const MOST_REASON_CHARS: usize = 500;
/// Whoever is suspended for longer is suspended for good.
const LONGEST: TimeDelta = TimeDelta::days(3_660);

/// For how long nobody else gets the handle of an account that was deleted: links and memories outlive it.
pub(crate) const HANDLE_RETIRED_FOR: TimeDelta = TimeDelta::days(180);

/// What stands against the use of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bar {
    /// Somebody in charge shut its owner out.
    Suspended,
    /// It is deleted when the time has come.
    Leaving,
    /// It was deleted.
    Gone,
}

impl Bar {
    /// The name in the database and on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::Leaving => "leaving",
            Self::Gone => "gone",
        }
    }

    /// The one of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Suspended, Self::Leaving, Self::Gone].into_iter().find(|bar| bar.name() == name)
    }
}

/// What stands against the use of one account, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountState {
    pub(crate) bar: Bar,
    /// Why, in words for its owner.
    pub(crate) reason: Option<String>,
    /// Who decided it: its owner, somebody in charge, or nobody who could be named.
    pub(crate) decided_by: Option<UserId>,
    pub(crate) since: Time,
    /// When a suspension ends by itself, or the account is deleted. None is never.
    pub(crate) until: Option<Time>,
}

impl AccountState {
    /// Whether its owner may log in at `now`: also for whoever wanted to leave, who stays by doing so.
    ///
    /// # Errors
    /// `auth.suspended` with why and until when; `auth.account_leaving`; `auth.credentials_rejected` when it is gone.
    pub(crate) fn let_in(&self, owner: UserId, now: Time) -> Result<(), Fault> {
        match self.bar {
            Bar::Suspended if self.is_due(now) => Ok(()),
            Bar::Suspended => Err(reasons::SUSPENDED.fault().detail(self.words())),
            Bar::Leaving if self.decided_by == Some(owner) => Ok(()),
            Bar::Leaving => Err(reasons::ACCOUNT_LEAVING.fault().detail(self.words())),
            Bar::Gone => Err(reasons::CREDENTIALS_REJECTED.fault()),
        }
    }

    /// Whether its time has come at `now`.
    pub(crate) fn is_due(&self, now: Time) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// What its owner is told.
    fn words(&self) -> String {
        let until = self.until.map(|until| until.format("%-d %B %Y, %H:%M UTC").to_string());
        let mut words = match (self.bar, until) {
            (Bar::Suspended, None) => "This account is suspended.".to_owned(),
            (Bar::Suspended, Some(until)) => format!("This account is suspended until {until}."),
            (_, None) => "This account was deleted.".to_owned(),
            (_, Some(until)) => format!("This account was deleted, and will be gone for good on {until}."),
        };
        if let Some(reason) = &self.reason {
            words.push_str(&format!(" The reason: {reason}"));
        }
        words
    }
}

/// Reads why somebody is shut out.
///
/// # Errors
/// `Invalid`, naming the field `reason`.
pub(crate) fn read_reason(text: &str, needed: bool) -> Result<Option<String>, Fault> {
    let text = text.trim().replace("\r\n", "\n");
    let refused = |detail: &str| Err(Fault::invalid("reason", detail));
    if text.is_empty() {
        return if needed { refused("is missing") } else { Ok(None) };
    }
    if text.chars().count() > MOST_REASON_CHARS {
        return refused("must not be longer than 500 characters");
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return refused("contains characters that cannot be seen");
    }
    Ok(Some(text))
}

/// Reads until when somebody is suspended.
///
/// # Errors
/// `Invalid`, naming the field `until`, when that is over, or further off than ten years.
pub(crate) fn read_until(until: Option<Time>, now: Time) -> Result<Option<Time>, Fault> {
    let refused = |detail: &str| Err(Fault::invalid("until", detail));
    match until {
        Some(until) if until <= now => refused("must not be over"),
        Some(until) if until - now > LONGEST => refused("must be within ten years; leave it out to suspend for good"),
        until => Ok(until),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(minutes: i64) -> Time {
        Time::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn state(bar: Bar, decided_by: u128, until: Option<Time>) -> AccountState {
        let decided_by = Some(UserId(Uuid::from_u128(decided_by)));
        AccountState { bar, reason: Some("Spam.".into()), decided_by, since: at(0), until }
    }

    const OWNER: UserId = UserId(Uuid::from_u128(1));

    #[test]
    fn suspension_holds_until_its_end_and_says_why() {
        let suspended = state(Bar::Suspended, 2, Some(at(10)));
        let fault = suspended.let_in(OWNER, at(9)).unwrap_err();
        assert!(fault.is(&reasons::SUSPENDED), "{fault}");
        assert_eq!(fault.detail, "This account is suspended until 1 January 1970, 00:10 UTC. The reason: Spam.");
        assert!(suspended.let_in(OWNER, at(10)).is_ok());
        assert!(state(Bar::Suspended, 2, None).let_in(OWNER, at(999_999)).is_err());
    }

    #[test]
    fn whoever_leaves_comes_back_by_logging_in_and_whoever_was_deleted_does_not() {
        assert!(state(Bar::Leaving, 1, Some(at(10))).let_in(OWNER, at(1)).is_ok());
        let deleted = state(Bar::Leaving, 2, Some(at(10))).let_in(OWNER, at(1)).unwrap_err();
        assert!(deleted.is(&reasons::ACCOUNT_LEAVING));
        let gone = state(Bar::Gone, 1, None).let_in(OWNER, at(1)).unwrap_err();
        assert!(gone.is(&reasons::CREDENTIALS_REJECTED));
    }

    #[test]
    fn reason_and_end_are_read_by_name() {
        assert_eq!(read_reason(" ", true).unwrap_err().fields[0].field, "reason");
        assert_eq!(read_reason(" ", false).unwrap(), None);
        assert!(read_reason(&"x".repeat(501), true).is_err());
        assert_eq!(read_until(Some(at(1)), at(1)).unwrap_err().fields[0].field, "until");
        assert!(read_until(Some(at(0) + TimeDelta::days(4_000)), at(0)).is_err());
        assert_eq!(read_until(Some(at(2)), at(1)).unwrap(), Some(at(2)));
    }
}
