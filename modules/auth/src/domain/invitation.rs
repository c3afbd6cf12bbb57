//! Invitations: what may stand in one, and when it is good.
//!
//! What may not enter: who may invite. That is a policy.

use super::Email;
use auth_contract::reasons;
use chrono::TimeDelta;
use kernel::{Fault, FieldFault, Time};
use serde::Serialize;

/// How many people one link may let in.
const MOST_USES: i64 = 100;
const MOST_DAYS: i64 = 90;
const USUAL_DAYS: i64 = 14;
const MOST_NOTE_CHARS: usize = 500;

/// How many invitations of one person may be open, or have been made within a day.
pub(crate) const MOST_AT_ONCE: i64 = 50;

/// The form, unread.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct InvitationForm {
    /// Whom to invite; nobody in particular when empty.
    pub(crate) email: String,
    /// A few words of whoever invites.
    pub(crate) note: String,
    /// How many accounts it makes at most; one when not said.
    pub(crate) uses: Option<i64>,
    /// For how many days it is good; 14 when not said.
    pub(crate) days: Option<i64>,
}

/// An invitation that may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) email: Option<Email>,
    pub(crate) note: Option<String>,
    pub(crate) most_uses: i64,
    pub(crate) lifetime: TimeDelta,
}

impl InvitationForm {
    /// Reads the form. Names every wrong field at once.
    pub(crate) fn read(&self) -> Result<Terms, Fault> {
        let mut faults = Vec::new();
        let mut refuse = |field: &str, detail: String| faults.push(FieldFault { field: field.to_owned(), detail });
        let email = match self.email.trim() {
            "" => None,
            text => Email::parse(text).map_err(|refused| refuse("email", refused.to_string())).ok(),
        };
        let note = match read_note(&self.note) {
            Ok(note) => note,
            Err(detail) => {
                refuse("note", detail);
                None
            }
        };
        let (most_uses, days) = (self.uses.unwrap_or(1), self.days.unwrap_or(USUAL_DAYS));
        if !(1..=MOST_USES).contains(&most_uses) {
            refuse("uses", format!("must be between 1 and {MOST_USES}"));
        } else if most_uses > 1 && !self.email.trim().is_empty() {
            refuse("uses", "must be 1 for an invitation to one address".to_owned());
        }
        if !(1..=MOST_DAYS).contains(&days) {
            refuse("days", format!("must be between 1 and {MOST_DAYS}"));
        }
        if !faults.is_empty() {
            return Err(Fault::invalid_fields(faults));
        }
        Ok(Terms { email, note, most_uses, lifetime: TimeDelta::days(days) })
    }
}

/// The note goes out in our name to strangers, so that it may say who writes and why, and lead nowhere.
fn read_note(text: &str) -> Result<Option<String>, String> {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().count() > MOST_NOTE_CHARS {
        return Err(format!("must not be longer than {MOST_NOTE_CHARS} characters"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err("contains characters that cannot be seen".to_owned());
    }
    let lower = text.to_lowercase();
    if lower.contains("://") || lower.contains("www.") {
        return Err("must not contain links".to_owned());
    }
    Ok((!text.is_empty()).then_some(text))
}

/// What decides over an invitation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InvitationState {
    pub(crate) expires_at: Time,
    pub(crate) ended_at: Option<Time>,
    pub(crate) uses: i64,
    pub(crate) most_uses: i64,
}

impl InvitationState {
    /// Whether it lets somebody in at `now`.
    ///
    /// # Errors
    /// `auth.invitation_spent`, whether it was used up, withdrawn, or is too old: that is nobody's business.
    pub(crate) fn good(&self, now: Time) -> Result<(), Fault> {
        if self.ended_at.is_none() && self.uses < self.most_uses && now < self.expires_at {
            return Ok(());
        }
        Err(reasons::INVITATION_SPENT.fault())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn fields(form: &InvitationForm) -> Vec<String> {
        form.read().unwrap_err().fields.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn invitation_is_for_one_and_for_two_weeks_when_nothing_else_is_said() {
        let terms = InvitationForm::default().read().unwrap();
        assert_eq!(terms, Terms { email: None, note: None, most_uses: 1, lifetime: TimeDelta::days(14) });
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let note = "n".repeat(501);
        let form = InvitationForm { email: "ada".into(), note, uses: Some(0), days: Some(91) };
        assert_eq!(fields(&form), ["email", "note", "uses", "days"]);
        let many = InvitationForm { email: "ada@example.org".into(), uses: Some(2), ..InvitationForm::default() };
        assert_eq!(fields(&many), ["uses"]);
    }

    #[rstest]
    #[case("Look at https://example.org")]
    #[case("WWW.example.org is better")]
    #[case("a\u{7}b")]
    fn note_leads_nowhere_and_hides_nothing(#[case] note: &str) {
        assert_eq!(fields(&InvitationForm { note: note.into(), ..InvitationForm::default() }), ["note"]);
    }

    #[test]
    fn invitation_is_good_in_time_and_as_often_as_it_says() {
        let at = |minutes| Time::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let open = InvitationState { expires_at: at(10), ended_at: None, uses: 1, most_uses: 2 };
        assert!(open.good(at(9)).is_ok());
        for spent in [
            InvitationState { uses: 2, ..open },
            InvitationState { ended_at: Some(at(1)), ..open },
            InvitationState { expires_at: at(9), ..open },
        ] {
            assert!(spent.good(at(9)).unwrap_err().is(&reasons::INVITATION_SPENT));
        }
    }
}
