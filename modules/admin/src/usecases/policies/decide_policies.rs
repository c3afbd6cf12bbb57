//! Puts proposed policies in force, or rejects them. Whoever wrote them does not approve them, unless there is nobody else
//! who could.

use super::{changed, no_such_version, resource, try_out};
use crate::Admin;
use crate::domain::{PolicyStatus, PolicyVersion, check_proposal};
use crate::operations::{APPROVE_POLICIES, REJECT_POLICIES};
use crate::store::WrittenPolicies;
use admin_contract::reasons::{NO_SUCH_TENANT, POLICIES_DECIDED};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase, UserId};
use serde::Serialize;

/// Puts a version in force.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ApprovePolicies {
    /// The version's number.
    pub(crate) number: i64,
}

impl UseCase for ApprovePolicies {
    type Module = Admin;
    type Subject = Option<PolicyVersion>;
    type Output = PolicyVersion;
    const OPERATION: &'static Operation = &APPROVE_POLICIES;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<PolicyVersion>, Fault> {
        admin.store.policy_version(caller.actor.tenant, self.number).await
    }

    fn resource(&self, _: &Option<PolicyVersion>, caller: &Caller) -> Resource {
        resource(caller)
    }

    async fn run(&self, admin: &Admin, found: Option<PolicyVersion>, permit: Permit) -> Result<PolicyVersion, Fault> {
        let (tenant, proposed) = (permit.tenant(), found.ok_or_else(no_such_version)?);
        let actor = &permit.caller().actor;
        let nobody = UserId(uuid::Uuid::nil());
        let roster = admin.store.roster(tenant, actor.user_id().unwrap_or(nobody)).await?;
        let roster = roster.ok_or_else(|| NO_SUCH_TENANT.fault())?;
        proposed.check_approval(&actor.principal.to_string(), roster.administrators)?;
        let cases = check_proposal(&proposed.policies, &proposed.cases, &proposed.note)?;
        // The schema, or the community's roles, may be others than when they were proposed.
        try_out(admin, tenant, &proposed.policies, &cases).await?;
        let before = admin.store.active_policies(tenant).await?;
        let before = before.map(|before| {
            let version = before.version + 1;
            PolicyVersion { status: PolicyStatus::Superseded, version, ..before }
        });
        let active = decided(admin, &permit, proposed, PolicyStatus::Active);
        let event = changed(&permit, "activated");
        let roster_version = Some(roster.version);
        let change = WrittenPolicies { tenant, written: active.clone(), before, roster_version };
        admin.store.base().commit(permit, change, vec![event], active).await
    }
}

/// Rejects a version, one's own too.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RejectPolicies {
    /// The version's number.
    pub(crate) number: i64,
}

impl UseCase for RejectPolicies {
    type Module = Admin;
    type Subject = Option<PolicyVersion>;
    type Output = PolicyVersion;
    const OPERATION: &'static Operation = &REJECT_POLICIES;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<PolicyVersion>, Fault> {
        admin.store.policy_version(caller.actor.tenant, self.number).await
    }

    fn resource(&self, _: &Option<PolicyVersion>, caller: &Caller) -> Resource {
        resource(caller)
    }

    async fn run(&self, admin: &Admin, found: Option<PolicyVersion>, permit: Permit) -> Result<PolicyVersion, Fault> {
        let proposed = found.ok_or_else(no_such_version)?;
        if proposed.status != PolicyStatus::Proposed {
            return Err(POLICIES_DECIDED.fault());
        }
        let rejected = decided(admin, &permit, proposed, PolicyStatus::Rejected);
        let event = changed(&permit, "rejected");
        let tenant = permit.tenant();
        let change = WrittenPolicies { tenant, written: rejected.clone(), before: None, roster_version: None };
        admin.store.base().commit(permit, change, vec![event], rejected).await
    }
}

fn decided(admin: &Admin, permit: &Permit, proposed: PolicyVersion, status: PolicyStatus) -> PolicyVersion {
    PolicyVersion {
        status,
        decided_by: Some(permit.caller().actor.principal.to_string()),
        decided_at: Some(admin.clock.now()),
        version: proposed.version + 1,
        ..proposed
    }
}
