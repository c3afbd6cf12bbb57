//! Gives somebody a role, or takes them into a group, for good or until an instant.

use super::{changed, check_role, resource, roles_of_group};
use crate::Admin;
use crate::domain::{Held, Holder, StandingKind, StandingName, check_giving};
use crate::operations::GIVE_STANDING;
use crate::store::GivenStanding;
use admin_contract::reasons::NO_SUCH_STANDING;
use auth_contract::reasons::NO_SUCH_USER;
use kernel::{Caller, Fault, Operation, Permit, Resource, Time, UseCase};
use serde::Serialize;

/// What to give whom.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct GiveStanding {
    /// `role` or `group`.
    pub(crate) kind: String,
    /// Which.
    pub(crate) name: String,
    /// `user:<UUID>`, or `group:<name>` for a role.
    pub(crate) holder: String,
    /// From when on it is not held any more; never when absent.
    pub(crate) ends_at: Option<Time>,
}

impl UseCase for GiveStanding {
    type Module = Admin;
    type Subject = ();
    type Output = Held;
    const OPERATION: &'static Operation = &GIVE_STANDING;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        resource(caller.actor.tenant, &self.kind, &self.name)
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<Held, Fault> {
        let (kind, name) = (StandingKind::parse(&self.kind)?, StandingName::parse(&self.name)?);
        let (holder, now) = (Holder::parse(&self.holder)?, admin.clock.now());
        check_giving(kind, &name, &holder, self.ends_at, now)?;
        let decided_on = self.check_has(admin, &permit, kind, &name).await?;
        check_holder(admin, &permit, &holder).await?;
        let before = admin.store.holding(permit.tenant(), kind, &name, &holder).await?;
        if let Some(before) = before.as_ref().filter(|before| before.ends_at == self.ends_at) {
            return Ok(before.clone());
        }
        let held = Held {
            id: before.as_ref().map_or_else(|| admin.ids.next(), |before| before.id),
            kind,
            name: name.as_str().to_owned(),
            holder: holder.to_string(),
            ends_at: self.ends_at,
            version: before.map_or(1, |before| before.version + 1),
        };
        let event = changed(&permit, "given", kind, &held.name, &held.holder);
        let by = permit.caller().actor.principal.to_string();
        let change = GivenStanding { tenant: permit.tenant(), held: held.clone(), decided_on, by, at: now };
        admin.store.base().commit(permit, change, vec![event], held).await
    }
}

impl GiveStanding {
    /// Whoever gives has all of what is given; the version of the role or group that this was found on.
    async fn check_has(
        &self,
        admin: &Admin,
        permit: &Permit,
        kind: StandingKind,
        name: &StandingName,
    ) -> Result<Option<(uuid::Uuid, i64)>, Fault> {
        if kind == StandingKind::Role {
            return check_role(admin, permit.caller(), name).await;
        }
        let group = admin.store.standing(permit.tenant(), kind, name.as_str()).await?;
        let group = group.ok_or_else(|| NO_SUCH_STANDING.fault())?;
        for role in roles_of_group(admin, permit.tenant(), name).await? {
            check_role(admin, permit.caller(), &StandingName::parse(&role.name)?).await?;
        }
        Ok(Some((group.id, group.version)))
    }
}

async fn check_holder(admin: &Admin, permit: &Permit, holder: &Holder) -> Result<(), Fault> {
    match holder {
        Holder::User(id) => {
            let known = admin.store.person(permit.tenant(), *id).await?;
            known.map(drop).ok_or_else(|| NO_SUCH_USER.fault())
        }
        Holder::Group(name) => {
            let known = admin.store.standing(permit.tenant(), StandingKind::Group, name.as_str()).await?;
            known.map(drop).ok_or_else(|| NO_SUCH_STANDING.fault())
        }
    }
}
