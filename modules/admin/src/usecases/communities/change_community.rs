//! Gives a community another short name or another profile. Links to an old name or domain lead nowhere from then on.

use super::{as_seen, commit_community, installation, named};
use crate::Admin;
use crate::domain::{CommunityRow, ProfileForm, slug};
use crate::operations::CHANGE_COMMUNITY;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Which community, and what it is to be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChangeCommunity {
    /// Its short name or its id.
    pub(crate) name: String,
    /// Its short name from now on.
    pub(crate) slug: String,
    /// Its profile from now on.
    pub(crate) profile: ProfileForm,
    /// The version the editor saw; any when absent.
    pub(crate) expected_version: Option<i64>,
}

impl UseCase for ChangeCommunity {
    type Module = Admin;
    type Subject = CommunityRow;
    type Output = CommunityRow;
    const OPERATION: &'static Operation = &CHANGE_COMMUNITY;

    async fn load(&self, admin: &Admin, _: &Caller) -> Result<CommunityRow, Fault> {
        named(admin, &self.name).await
    }

    fn resource(&self, _: &CommunityRow, _: &Caller) -> Resource {
        installation()
    }

    async fn run(&self, admin: &Admin, community: CommunityRow, permit: Permit) -> Result<CommunityRow, Fault> {
        let (slug, profile) = (slug(&self.slug)?, self.profile.read()?);
        as_seen(&community, self.expected_version)?;
        match community.with(slug, profile) {
            Some(changed) => commit_community(admin, permit, changed, Vec::new()).await,
            None => Ok(community),
        }
    }
}
