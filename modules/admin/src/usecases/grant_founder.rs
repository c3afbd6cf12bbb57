//! Whoever auth made a superuser becomes an administrator. Doing it again changes nothing.

use super::commit_role;
use crate::Admin;
use crate::domain::{HeldRole, Roster};
use crate::operations::GRANT_FOUNDER;
use admin_contract::reasons::NO_SUCH_TENANT;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase, UserId};
use serde::Serialize;

/// Who runs the community from now on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct GrantFounder {
    /// Who.
    pub(crate) user: UserId,
}

impl UseCase for GrantFounder {
    type Module = Admin;
    type Subject = Option<Roster>;
    type Output = ();
    const OPERATION: &'static Operation = &GRANT_FOUNDER;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<Roster>, Fault> {
        admin.store.roster(caller.actor.tenant, self.user).await
    }

    fn resource(&self, _: &Option<Roster>, caller: &Caller) -> Resource {
        Resource::new("Person", self.user, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, roster: Option<Roster>, permit: Permit) -> Result<(), Fault> {
        let roster = roster.ok_or_else(|| NO_SUCH_TENANT.fault())?;
        if roster.changes_by(HeldRole::ADMINISTRATOR)? {
            commit_role(admin, permit, roster, self.user, HeldRole::ADMINISTRATOR, true).await?;
        }
        Ok(())
    }
}
