//! Takes a role from somebody, or them out of a group.

use super::{changed, resource};
use crate::Admin;
use crate::domain::{Holder, StandingKind, StandingName};
use crate::operations::TAKE_STANDING;
use crate::store::TakenStandings;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// What to take from whom.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct TakeStanding {
    /// `role` or `group`.
    pub(crate) kind: String,
    /// Which.
    pub(crate) name: String,
    /// `user:<UUID>` or `group:<name>`.
    pub(crate) holder: String,
}

impl UseCase for TakeStanding {
    type Module = Admin;
    type Subject = ();
    type Output = ();
    const OPERATION: &'static Operation = &TAKE_STANDING;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        resource(caller.actor.tenant, &self.kind, &self.name)
    }

    /// What is not held is taken already.
    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<(), Fault> {
        let (kind, name) = (StandingKind::parse(&self.kind)?, StandingName::parse(&self.name)?);
        let holder = Holder::parse(&self.holder)?;
        let Some(held) = admin.store.holding(permit.tenant(), kind, &name, &holder).await? else { return Ok(()) };
        let event = changed(&permit, "taken", kind, name.as_str(), &held.holder);
        admin.store.base().commit(permit, TakenStandings(vec![held]), vec![event], ()).await
    }
}
