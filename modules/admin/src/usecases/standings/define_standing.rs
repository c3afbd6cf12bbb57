//! Makes up a role or a group, or changes what it is. A role lists only what its maker may do themself.

use super::{changed, check_has, resource};
use crate::Admin;
use crate::domain::{Standing, StandingKind, StandingName};
use crate::operations::DEFINE_STANDING;
use crate::store::WrittenStanding;
use kernel::{Caller, CommunityRules, CustomRole, Fault, Operation, Permit, Resource, UseCase, reasons};
use serde::Serialize;

/// A role or a group as somebody words it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct DefineStanding {
    /// `role` or `group`.
    pub(crate) kind: String,
    /// Small letters, digits and hyphens.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) about: String,
    /// What a role lets its holders do, such as `forum.lock_thread`.
    pub(crate) operations: Vec<String>,
    /// The version it was decided on, 0 for a new one; any when absent.
    pub(crate) expected_version: Option<i64>,
}

impl UseCase for DefineStanding {
    type Module = Admin;
    type Subject = ();
    type Output = Standing;
    const OPERATION: &'static Operation = &DEFINE_STANDING;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        resource(caller.actor.tenant, &self.kind, &self.name)
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<Standing, Fault> {
        let (kind, name) = (StandingKind::parse(&self.kind)?, StandingName::parse(&self.name)?);
        let before = admin.store.standing(permit.tenant(), kind, name.as_str()).await?;
        let version = before.as_ref().map_or(0, |before| before.version);
        if self.expected_version.is_some_and(|expected| expected != version) {
            return Err(reasons::STALE.fault());
        }
        let operations = self.operations.iter().map(|operation| operation.trim().to_owned()).collect();
        let standing = Standing::define(before.as_ref(), admin.ids.next(), kind, name, &self.about, operations)?;
        check_exists(admin, &permit, &standing)?;
        check_has(admin, permit.caller(), &standing.operations)?;
        let event = changed(&permit, "defined", kind, standing.name.as_str(), "");
        let change = WrittenStanding {
            tenant: permit.tenant(),
            standing: standing.clone(),
            by: permit.caller().actor.principal.to_string(),
            at: admin.clock.now(),
        };
        admin.store.base().commit(permit, change, vec![event], standing).await
    }
}

/// What the policy engine would not take is told before it is kept.
fn check_exists(admin: &Admin, permit: &Permit, standing: &Standing) -> Result<(), Fault> {
    let role = CustomRole { name: standing.name.as_str().to_owned(), operations: standing.operations.clone() };
    let roles = if standing.operations.is_empty() { Vec::new() } else { vec![role] };
    let rules = CommunityRules { tenant: permit.tenant(), revision: 0, policies: String::new(), roles };
    admin.decisions.with(&rules).map(drop).map_err(|problems| {
        let words: Vec<String> = problems.into_iter().map(|problem| problem.detail).collect();
        Fault::invalid("operations", words.join("; "))
    })
}
