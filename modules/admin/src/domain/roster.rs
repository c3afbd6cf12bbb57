//! Who holds a role in a community, as far as one decision needs to know. What may not enter: who may give a role.

use admin_contract::reasons;
use kernel::{Fault, Role};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A role that somebody with an account can hold: a guest has none, and nobody can be made a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct HeldRole(Role);

impl HeldRole {
    /// What everybody with an account is.
    pub(crate) const MEMBER: Self = Self(Role::Member);
    /// Whoever runs the community.
    pub(crate) const ADMINISTRATOR: Self = Self(Role::Administrator);
    /// All of them, the least mighty first.
    pub(crate) const ALL: [Self; 3] = [Self::MEMBER, Self(Role::Moderator), Self::ADMINISTRATOR];

    /// The role of that name.
    ///
    /// # Errors
    /// `NoSuchRole` when nobody can hold it.
    pub(crate) fn parse(name: &str) -> Result<Self, RoleRefused> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or(RoleRefused::NoSuchRole)
    }

    /// Its name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        self.0.name()
    }

    /// The kernel's role.
    pub(crate) const fn role(self) -> Role {
        self.0
    }
}

/// Why a role was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleRefused {
    /// There is no such role to hold.
    NoSuchRole,
    /// Nobody would be left who can give it back.
    LastAdministrator,
}

impl From<RoleRefused> for Fault {
    fn from(refused: RoleRefused) -> Self {
        match refused {
            RoleRefused::NoSuchRole => reasons::NO_SUCH_ROLE.fault(),
            RoleRefused::LastAdministrator => reasons::LAST_ADMINISTRATOR.fault(),
        }
    }
}

/// A role somebody was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The grant's id. Giving another role changes the same grant.
    pub(crate) id: Uuid,
    /// The role held.
    pub(crate) role: HeldRole,
    /// Counting from 1.
    pub(crate) version: i64,
}

/// The community's roles at one instant, as seen by a decision about one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roster {
    /// Moves on with every change of any role in the community.
    pub(crate) version: i64,
    /// How many administrators there are.
    pub(crate) administrators: i64,
    /// What the person was given, if anything.
    pub(crate) grant: Option<Grant>,
}

impl Roster {
    /// The role the person holds now.
    pub(crate) fn held(&self) -> HeldRole {
        self.grant.map_or(HeldRole::MEMBER, |grant| grant.role)
    }

    /// The version of what the person was given; 0 before the first time.
    pub(crate) fn grant_version(&self) -> i64 {
        self.grant.map_or(0, |grant| grant.version)
    }

    /// Whether giving `role` changes anything.
    ///
    /// # Errors
    /// `LastAdministrator` when the community would be left without one.
    pub(crate) fn changes_by(&self, role: HeldRole) -> Result<bool, RoleRefused> {
        let held = self.held();
        if held == role {
            return Ok(false);
        }
        if held == HeldRole::ADMINISTRATOR && self.administrators <= 1 {
            return Err(RoleRefused::LastAdministrator);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(administrators: i64, role: Option<HeldRole>) -> Roster {
        let grant = role.map(|role| Grant { id: Uuid::nil(), role, version: 1 });
        Roster { version: 1, administrators, grant }
    }

    #[test]
    fn the_last_administrator_cannot_become_anything_else() {
        let last = roster(1, Some(HeldRole::ADMINISTRATOR));
        assert_eq!(last.changes_by(HeldRole::MEMBER), Err(RoleRefused::LastAdministrator));
        assert_eq!(last.changes_by(HeldRole::ADMINISTRATOR), Ok(false));
    }

    #[test]
    fn one_of_two_administrators_can() {
        assert_eq!(roster(2, Some(HeldRole::ADMINISTRATOR)).changes_by(HeldRole::MEMBER), Ok(true));
    }

    #[test]
    fn whoever_was_given_nothing_is_a_member() {
        assert_eq!(roster(1, None).changes_by(HeldRole::MEMBER), Ok(false));
        assert_eq!(roster(1, None).changes_by(HeldRole::ADMINISTRATOR), Ok(true));
    }

    #[test]
    fn nobody_can_be_made_a_guest() {
        assert_eq!(HeldRole::parse("guest"), Err(RoleRefused::NoSuchRole));
        assert_eq!(HeldRole::parse("Moderator"), Err(RoleRefused::NoSuchRole));
        assert_eq!(HeldRole::parse("moderator").map(HeldRole::name), Ok("moderator"));
    }
}
