//! What a community is called and where its data is kept.

use crate::Admin;
use crate::domain::CommunityRow;
use crate::operations::READ_TENANT;
use admin_contract::reasons::NO_SUCH_TENANT;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The community acted in.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadTenant {}

impl UseCase for ReadTenant {
    type Module = Admin;
    type Subject = ();
    type Output = CommunityRow;
    const OPERATION: &'static Operation = &READ_TENANT;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<CommunityRow, Fault> {
        admin.store.community_of_id(permit.tenant()).await?.ok_or_else(|| NO_SUCH_TENANT.fault())
    }
}
