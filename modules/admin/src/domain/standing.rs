//! Roles that a community made up, groups of its people, and who holds which until when. What may not enter: who may
//! give them.

use admin_contract::reasons;
use kernel::{Fault, Role, Time, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// How many operations a role may list.
const MOST_OPERATIONS: usize = 200;
/// How long a name may be, in bytes.
const LONGEST_NAME: usize = 60;
/// How long the words about it may be, in bytes.
const LONGEST_ABOUT: usize = 400;

/// What can be held besides a built-in role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StandingKind {
    /// A role.
    Role,
    /// A group of people.
    Group,
}

impl StandingKind {
    pub(crate) const ALL: [Self; 2] = [Self::Role, Self::Group];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Group => "group",
        }
    }

    /// # Errors
    /// `Invalid` when it is neither.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| Fault::invalid("kind", "must be `role` or `group`"))
    }
}

/// What a role or a group is called, in policies too: small letters, digits and hyphens, and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct StandingName(String);

impl StandingName {
    /// # Errors
    /// `Invalid`, naming the field `name`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || text.len() > LONGEST_NAME || !text.chars().all(fits) {
            return Err(Fault::invalid("name", "must be 1 to 60 small letters, digits and hyphens"));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The built-in role of this name.
    pub(crate) fn built_in(&self) -> Option<Role> {
        Role::parse(&self.0)
    }
}

/// A role that a community made up, or a group of its people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) id: Uuid,
    pub(crate) kind: StandingKind,
    pub(crate) name: StandingName,
    /// What it is for.
    pub(crate) about: String,
    /// What a role lets its holders do; empty for a group.
    pub(crate) operations: Vec<String>,
    /// Counting from 1.
    pub(crate) version: i64,
}

impl Standing {
    /// The next version of `before`, or the first one under `id`.
    ///
    /// # Errors
    /// `Invalid`, naming the field; `admin.built_in_role` for the name of one.
    pub(crate) fn define(
        before: Option<&Self>,
        id: Uuid,
        kind: StandingKind,
        name: StandingName,
        about: &str,
        mut operations: Vec<String>,
    ) -> Result<Self, Fault> {
        if kind == StandingKind::Role && name.built_in().is_some() {
            return Err(reasons::BUILT_IN_ROLE.fault());
        }
        let about = about.trim();
        if about.len() > LONGEST_ABOUT {
            return Err(Fault::invalid("about", format!("must be at most {LONGEST_ABOUT} bytes")));
        }
        operations.sort();
        operations.dedup();
        match (kind, operations.len()) {
            (StandingKind::Group, 1..) => {
                return Err(Fault::invalid("operations", "are for roles; give the group one"));
            }
            (StandingKind::Role, 0) => return Err(Fault::invalid("operations", "must name one at least")),
            (_, count) if count > MOST_OPERATIONS => {
                return Err(Fault::invalid("operations", format!("must be at most {MOST_OPERATIONS}")));
            }
            _ => {}
        }
        let (id, version) = before.map_or((id, 1), |before| (before.id, before.version + 1));
        Ok(Self { id, kind, name, about: about.to_owned(), operations, version })
    }
}

/// Whoever holds something: a person, or a group whose people all do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    User(UserId),
    Group(StandingName),
}

impl Holder {
    /// Reads `user:<UUID>` or `group:<name>`.
    ///
    /// # Errors
    /// `Invalid`, naming the field `holder`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = || Fault::invalid("holder", "must be `user:` and an id, or `group:` and a name");
        if let Some(name) = text.strip_prefix("group:") {
            return StandingName::parse(name).map(Self::Group).map_err(|_| wrong());
        }
        text.strip_prefix("user:").and_then(|id| id.parse().ok()).map(Self::User).ok_or_else(wrong)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Group(name) => write!(f, "group:{}", name.as_str()),
        }
    }
}

/// That somebody holds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) id: Uuid,
    pub(crate) kind: StandingKind,
    pub(crate) name: String,
    /// As [`Holder`] is written.
    pub(crate) holder: String,
    /// The instant from which it is not held any more; none is for good.
    pub(crate) ends_at: Option<Time>,
    pub(crate) version: i64,
}

/// What may be given: a role to people and groups, and a place in a group to people.
///
/// # Errors
/// `Invalid` for a group in a group and for an end that is past; `admin.built_in_role` for what is given otherwise.
pub(crate) fn check_giving(
    kind: StandingKind,
    name: &StandingName,
    holder: &Holder,
    ends_at: Option<Time>,
    now: Time,
) -> Result<(), Fault> {
    if kind == StandingKind::Group && matches!(holder, Holder::Group(_)) {
        return Err(Fault::invalid("holder", "must be a person: no group is in a group"));
    }
    if ends_at.is_some_and(|ends_at| ends_at <= now) {
        return Err(Fault::invalid("ends_at", "must be in the future"));
    }
    // Whoever runs the community is counted, and the last one kept; a role that ends by itself would not be.
    match (kind, name.built_in()) {
        (StandingKind::Role, Some(role)) if role != Role::Moderator => Err(reasons::BUILT_IN_ROLE.fault()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> StandingName {
        StandingName::parse(text).unwrap()
    }

    #[test]
    fn name_is_what_policies_can_say() {
        for text in ["", "Editors", "a b", "é", &"a".repeat(61), "x\"y"] {
            assert_eq!(StandingName::parse(text).unwrap_err().fields[0].field, "name", "{text}");
        }
        assert_eq!(name("night-watch-2").as_str(), "night-watch-2");
    }

    #[test]
    fn built_in_roles_are_not_made_up_again() {
        let made = Standing::define(None, Uuid::nil(), StandingKind::Role, name("member"), "", vec!["x.y".into()]);
        assert!(made.unwrap_err().is(&reasons::BUILT_IN_ROLE));
    }

    #[test]
    fn next_version_keeps_the_id() {
        let operations = || vec!["forum.lock_thread".to_owned(), "forum.lock_thread".to_owned()];
        let first = Standing::define(None, Uuid::from_u128(1), StandingKind::Role, name("warden"), " w ", operations());
        let first = first.unwrap();
        assert_eq!((first.about.as_str(), first.operations.len(), first.version), ("w", 1, 1));
        let next = Standing::define(Some(&first), Uuid::nil(), StandingKind::Role, name("warden"), "", operations());
        assert_eq!((next.as_ref().unwrap().id, next.unwrap().version), (first.id, 2));
    }

    #[test]
    fn only_moderators_are_made_for_a_time() {
        let (now, user) = ("2030-01-01T00:00:00Z".parse().unwrap(), Holder::User(UserId(Uuid::nil())));
        let give = |role: &str| check_giving(StandingKind::Role, &name(role), &user, None, now);
        assert!(give("administrator").is_err() && give("member").is_err());
        assert!(give("moderator").is_ok() && give("warden").is_ok());
        let group = Holder::parse("group:treasurers").unwrap();
        assert!(check_giving(StandingKind::Group, &name("treasurers"), &group, None, now).is_err());
        let past = check_giving(StandingKind::Role, &name("warden"), &user, Some(now), now);
        assert_eq!(past.unwrap_err().fields[0].field, "ends_at");
    }
}
