//! Keys for programs: what one is asked for with, and when one still holds.
//!
//! What may not enter: the key itself.

use super::DisplayName;
use chrono::TimeDelta;
use kernel::{Fault, FieldFault, Operation, Reach, Scopes, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many scopes one key may have: more are no longer read by anybody.
const MOST_SCOPES: usize = 40;
/// What a key lives for when nobody says.
const USUAL_LIFE_S: u64 = 90 * 24 * 3_600;

/// A new key as it is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct KeyForm {
    /// What it is for, in its owner's words.
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    /// How long it is to live, in seconds; the usual time when not said.
    pub(crate) expires_in_s: Option<u64>,
}

/// A key that may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewKey {
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    pub(crate) life: TimeDelta,
}

impl KeyForm {
    /// Reads the form. Names every wrong field at once.
    pub(crate) fn read(&self, known: &KnownScopes, longest_s: u64) -> Result<NewKey, Fault> {
        let mut faults = Vec::new();
        let mut wrong = |field: &str, detail: String| faults.push(FieldFault { field: field.to_owned(), detail });
        let name = match DisplayName::parse(&self.name) {
            Ok(name) => name.as_str().to_owned(),
            Err(refused) => {
                wrong("name", refused.to_string());
                String::new()
            }
        };
        let scopes = Scopes::new(self.scopes.iter().map(|scope| scope.trim().to_owned()));
        if scopes.is_empty() {
            wrong("scopes", "name at least one, such as forum:read".to_owned());
        } else if scopes.iter().count() > MOST_SCOPES {
            wrong("scopes", format!("must not be more than {MOST_SCOPES}"));
        } else if let Some(unknown) = scopes.iter().find(|scope| !known.has(scope)) {
            let unknown: String = unknown.chars().take(80).collect();
            wrong("scopes", format!("there is no scope `{unknown}`"));
        }
        let life_s = self.expires_in_s.unwrap_or(USUAL_LIFE_S.min(longest_s));
        if life_s < 60 || life_s > longest_s {
            wrong("expires_in_s", format!("must be from 60 to {longest_s}"));
        }
        if !faults.is_empty() {
            return Err(Fault::invalid_fields(faults));
        }
        let life = TimeDelta::seconds(i64::try_from(life_s).unwrap_or(i64::MAX / 1_000));
        Ok(NewKey { name, scopes, life })
    }
}

/// The scopes that keys can have: a group for reading and one for everything of each module, and each operation.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownScopes {
    groups: BTreeSet<String>,
    operations: BTreeSet<&'static str>,
}

impl KnownScopes {
    /// Those that speak of any of these operations.
    pub(crate) fn of(operations: &[&'static Operation]) -> Self {
        let delegable = || operations.iter().filter(|operation| operation.reach == Reach::Delegable);
        Self {
            groups: delegable().map(|operation| Scopes::group_of(operation)).collect(),
            operations: delegable().map(|operation| operation.id).collect(),
        }
    }

    /// Whether it is one.
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.groups.contains(scope) || self.operations.contains(scope)
    }

    /// The groups, for people to choose from.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(String::as_str)
    }
}

/// The instants that decide over a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyState {
    pub(crate) expires_at: Time,
    pub(crate) revoked_at: Option<Time>,
}

impl KeyState {
    /// Whether it holds at `now`.
    pub(crate) fn is_live(&self, now: Time) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static READ: Operation = Operation::query("forum.read_thread", "Thread");
    static POST: Operation = Operation::command("forum.post_reply", "Thread");
    static PASSWORD: Operation = Operation::command("auth.change_password", "Account").in_person();

    fn known() -> KnownScopes {
        KnownScopes::of(&[&READ, &POST, &PASSWORD])
    }

    fn form(scopes: &[&str]) -> KeyForm {
        KeyForm {
            name: "Deploy".into(),
            scopes: scopes.iter().map(|&scope| scope.into()).collect(),
            expires_in_s: None,
        }
    }

    #[test]
    fn scopes_come_from_what_can_be_done_by_programs() {
        assert_eq!(known().groups().collect::<Vec<_>>(), ["forum:read", "forum:write"]);
        assert!(known().has("forum.post_reply"));
        assert!(!known().has("auth:write") && !known().has("auth.change_password"));
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let form = KeyForm { name: " ".into(), expires_in_s: Some(601), ..form(&["forum:read", "auth:write"]) };
        let fault = form.read(&known(), 600).unwrap_err();
        let fields: Vec<_> = fault.fields.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["name", "scopes", "expires_in_s"]);
        assert!(fault.detail.contains("`auth:write`"), "{fault}");
        assert!(self::form(&[]).read(&known(), 600).is_err() && self::form(&[" "]).read(&known(), 600).is_err());
    }

    #[test]
    fn key_lives_as_long_as_asked_for_or_as_usual() {
        let read = |form: KeyForm, longest| form.read(&known(), longest).unwrap().life.num_seconds();
        assert_eq!(read(form(&["forum:read"]), 600), 600);
        assert_eq!(read(form(&["forum:read"]), u64::MAX), 7_776_000);
        assert_eq!(read(KeyForm { expires_in_s: Some(60), ..form(&["forum:read"]) }, 600), 60);
    }

    #[test]
    fn key_holds_until_it_expires_or_is_revoked() {
        let state = KeyState { expires_at: Time::UNIX_EPOCH + TimeDelta::seconds(10), revoked_at: None };
        assert!(state.is_live(Time::UNIX_EPOCH) && !state.is_live(state.expires_at));
        assert!(!KeyState { revoked_at: Some(Time::UNIX_EPOCH), ..state }.is_live(Time::UNIX_EPOCH));
    }
}
