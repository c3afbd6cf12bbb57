//! Which role somebody holds, what else they were given, and until when. Whoever was given none is a member.

use crate::Admin;
use crate::domain::{HeldRole, StandingKind};
use crate::operations::READ_ROLE;
use admin_contract::reasons::NO_SUCH_TENANT;
use kernel::{Caller, Fault, Operation, Permit, Resource, Role, TenantId, Time, UseCase, UserId};
use serde::{Deserialize, Serialize};

/// Whose role, and where.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadRole {
    /// Whose.
    pub(crate) user: UserId,
    /// In which community.
    pub(crate) tenant: TenantId,
}

/// What somebody holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleTold {
    /// The mightiest built-in role.
    pub(crate) role: Role,
    /// Their groups.
    pub(crate) groups: Vec<String>,
    /// Their roles that the community made up.
    pub(crate) roles: Vec<String>,
    /// The first instant at which any of this ends.
    pub(crate) ends_at: Option<Time>,
}

impl UseCase for ReadRole {
    type Module = Admin;
    type Subject = ();
    type Output = RoleTold;
    const OPERATION: &'static Operation = &READ_ROLE;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        Resource::new("Person", self.user, self.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), _: Permit) -> Result<RoleTold, Fault> {
        let held = admin.store.role(self.tenant, self.user).await?.ok_or_else(|| NO_SUCH_TENANT.fault())?;
        told(admin, self.tenant, self.user, held).await
    }
}

/// With the built-in role `held` by itself, everything that counts for `user` now.
pub(super) async fn told(admin: &Admin, tenant: TenantId, user: UserId, held: HeldRole) -> Result<RoleTold, Fault> {
    let belongings = admin.store.belongings(tenant, user, admin.clock.now()).await?;
    let mut told = RoleTold { role: held.role(), groups: Vec::new(), roles: Vec::new(), ends_at: None };
    told.ends_at = belongings.iter().filter_map(|held| held.ends_at).min();
    for held in belongings {
        match (held.kind, Role::parse(&held.name)) {
            (StandingKind::Group, _) => told.groups.push(held.name),
            (StandingKind::Role, Some(built_in)) => told.role = told.role.max(built_in),
            (StandingKind::Role, None) => told.roles.push(held.name),
        }
    }
    told.roles.sort();
    told.roles.dedup();
    Ok(told)
}
