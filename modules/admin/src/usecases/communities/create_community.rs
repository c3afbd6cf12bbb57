//! Makes a community. Nobody is in it yet: whoever is to run it gets a set-up link.

use super::{commit_community, installation};
use crate::Admin;
use crate::domain::{CommunityRow, ProfileForm, slug};
use crate::operations::CREATE_COMMUNITY;
use admin_contract::CommunityCreated;
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, TenantId, UseCase};
use serde::Serialize;

/// What it is to be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CreateCommunity {
    /// Its short name.
    pub(crate) slug: String,
    /// Its profile.
    pub(crate) profile: ProfileForm,
}

impl UseCase for CreateCommunity {
    type Module = Admin;
    type Subject = ();
    type Output = CommunityRow;
    const OPERATION: &'static Operation = &CREATE_COMMUNITY;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        installation()
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<CommunityRow, Fault> {
        let (slug, profile) = (slug(&self.slug)?, self.profile.read()?);
        let community = CommunityRow::new(TenantId(admin.ids.next()), slug, profile);
        let created = NewEvent::of(&CommunityCreated {
            tenant_id: community.id.to_string(),
            slug: community.slug.clone(),
            name: community.profile.name.clone(),
            created_by: permit.caller().actor.principal.to_string(),
        });
        commit_community(admin, permit, community, vec![created]).await
    }
}
