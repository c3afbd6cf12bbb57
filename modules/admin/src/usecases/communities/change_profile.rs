//! A community's administrators say what it is called and what it looks like. Its domains, limits and region are the
//! installation's.

use super::{as_seen, commit_community};
use crate::Admin;
use crate::domain::{CommunityRow, ProfileForm};
use crate::operations::CHANGE_PROFILE;
use admin_contract::reasons::NO_SUCH_TENANT;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// What the caller's community is to be called and to look like.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChangeProfile {
    /// What people call it.
    pub(crate) name: String,
    /// The colour of its buttons and links; empty is the usual one.
    pub(crate) accent: String,
    /// The version the editor saw; any when absent.
    pub(crate) expected_version: Option<i64>,
}

impl UseCase for ChangeProfile {
    type Module = Admin;
    type Subject = Option<CommunityRow>;
    type Output = CommunityRow;
    const OPERATION: &'static Operation = &CHANGE_PROFILE;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<CommunityRow>, Fault> {
        admin.store.community_of_id(caller.actor.tenant).await
    }

    fn resource(&self, _: &Option<CommunityRow>, caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, community: Option<CommunityRow>, permit: Permit) -> Result<CommunityRow, Fault> {
        let community = community.ok_or_else(|| NO_SUCH_TENANT.fault())?;
        let form = ProfileForm { name: self.name.clone(), accent: self.accent.clone(), ..ProfileForm::default() };
        let read = form.read()?;
        as_seen(&community, self.expected_version)?;
        let mut profile = community.profile.clone();
        (profile.name, profile.accent) = (read.name, read.accent);
        match community.with(community.slug.clone(), profile) {
            Some(changed) => commit_community(admin, permit, changed, Vec::new()).await,
            None => Ok(community),
        }
    }
}
