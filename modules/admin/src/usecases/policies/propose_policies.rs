//! Proposes policies in place of those in force. What cannot be read, or fails its own cases, is not kept.

use super::{changed, resource, try_out};
use crate::Admin;
use crate::domain::{PolicyStatus, PolicyVersion, check_proposal};
use crate::operations::PROPOSE_POLICIES;
use crate::store::WrittenPolicies;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Policies with the cases they must stand.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ProposePolicies {
    /// All of the community's policies from then on.
    pub(crate) policies: String,
    /// A JSON list of cases; empty for none.
    pub(crate) cases: String,
    /// Why, for whoever approves.
    pub(crate) note: String,
}

impl UseCase for ProposePolicies {
    type Module = Admin;
    type Subject = ();
    type Output = PolicyVersion;
    const OPERATION: &'static Operation = &PROPOSE_POLICIES;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        resource(caller)
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<PolicyVersion, Fault> {
        let tenant = permit.tenant();
        let cases = check_proposal(&self.policies, &self.cases, &self.note)?;
        try_out(admin, tenant, &self.policies, &cases).await?;
        let last = admin.store.policy_versions(tenant, None, 1).await?.pop();
        let proposed = PolicyVersion {
            id: admin.ids.next(),
            number: last.map_or(0, |last| last.number) + 1,
            policies: self.policies.replace("\r\n", "\n"),
            cases: self.cases.replace("\r\n", "\n"),
            note: self.note.trim().to_owned(),
            author: permit.caller().actor.principal.to_string(),
            proposed_at: admin.clock.now(),
            status: PolicyStatus::Proposed,
            decided_by: None,
            decided_at: None,
            version: 1,
        };
        let event = changed(&permit, "proposed");
        let change = WrittenPolicies { tenant, written: proposed.clone(), before: None, roster_version: None };
        // Of two who propose at once one takes the number, and the other is decided on again.
        admin.store.base().commit(permit, change, vec![event], proposed).await
    }
}
