//! An administrator gives somebody another role. The last administrator keeps theirs.

use super::commit_role;
use crate::Admin;
use crate::domain::{HeldRole, Roster};
use crate::operations::GRANT_ROLE;
use admin_contract::reasons::NO_SUCH_TENANT;
use auth_contract::reasons::NO_SUCH_USER;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase, UserId, reasons};
use serde::{Deserialize, Serialize};

/// Whom to give which role.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct GrantRole {
    /// Whom.
    pub(crate) user: UserId,
    /// The role's name.
    pub(crate) role: String,
    /// The version of what they were given, as whoever decides saw it; any when absent.
    pub(crate) expected_version: Option<i64>,
}

/// What somebody holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleHeld {
    /// Who.
    pub(crate) user: UserId,
    /// The role.
    pub(crate) role: HeldRole,
    /// The version of what they were given.
    pub(crate) version: i64,
}

impl UseCase for GrantRole {
    type Module = Admin;
    type Subject = Option<Roster>;
    type Output = RoleHeld;
    const OPERATION: &'static Operation = &GRANT_ROLE;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<Roster>, Fault> {
        admin.store.roster(caller.actor.tenant, self.user).await
    }

    fn resource(&self, _: &Option<Roster>, caller: &Caller) -> Resource {
        Resource::new("Person", self.user, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, roster: Option<Roster>, permit: Permit) -> Result<RoleHeld, Fault> {
        let roster = roster.ok_or_else(|| NO_SUCH_TENANT.fault())?;
        let role = HeldRole::parse(&self.role)?;
        if admin.store.person(permit.tenant(), self.user).await?.is_none() {
            return Err(NO_SUCH_USER.fault());
        }
        if self.expected_version.is_some_and(|expected| expected != roster.grant_version()) {
            return Err(reasons::STALE.fault());
        }
        if !roster.changes_by(role)? {
            return Ok(RoleHeld { user: self.user, role, version: roster.grant_version() });
        }
        commit_role(admin, permit, roster, self.user, role, false).await
    }
}
