//! Which role somebody holds. Whoever was given none is a member.

use crate::Admin;
use crate::domain::HeldRole;
use crate::operations::READ_ROLE;
use admin_contract::reasons::NO_SUCH_TENANT;
use kernel::{Caller, Fault, Operation, Permit, Resource, TenantId, UseCase, UserId};
use serde::Serialize;

/// Whose role, and where.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadRole {
    /// Whose.
    pub(crate) user: UserId,
    /// In which community.
    pub(crate) tenant: TenantId,
}

impl UseCase for ReadRole {
    type Module = Admin;
    type Subject = ();
    type Output = HeldRole;
    const OPERATION: &'static Operation = &READ_ROLE;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        Resource::new("Person", self.user, self.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), _: Permit) -> Result<HeldRole, Fault> {
        admin.store.role(self.tenant, self.user).await?.ok_or_else(|| NO_SUCH_TENANT.fault())
    }
}
