//! The community's own roles and groups, and who holds them.

use crate::Admin;
use crate::domain::{Held, Standing, StandingKind};
use crate::operations::LIST_STANDINGS;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// Holders shown of each at most.
const MOST: u64 = 200;

/// All of them.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ListStandings {}

/// A role or a group with its holders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StandingView {
    pub(crate) standing: Standing,
    /// By holder, those that have ended among them until they are taken away.
    pub(crate) holders: Vec<Held>,
}

/// Roles before groups, each by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standings {
    pub(crate) all: Vec<StandingView>,
    /// Who is a moderator besides those who hold that role by itself.
    pub(crate) moderators: Vec<Held>,
}

impl UseCase for ListStandings {
    type Module = Admin;
    type Subject = ();
    type Output = Standings;
    const OPERATION: &'static Operation = &LIST_STANDINGS;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<Standings, Fault> {
        let tenant = permit.tenant();
        let mut all = Vec::new();
        for standing in admin.store.standings(tenant).await? {
            let holders = admin.store.holders(tenant, standing.kind, standing.name.as_str(), MOST).await?;
            all.push(StandingView { standing, holders });
        }
        let moderators = admin.store.holders(tenant, StandingKind::Role, "moderator", MOST).await?;
        Ok(Standings { all, moderators })
    }
}
