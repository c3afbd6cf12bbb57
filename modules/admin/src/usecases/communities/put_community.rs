//! Opens a community, lets people only read in it, closes it, or begins to remove it.

use super::{as_seen, commit_community, installation, named};
use crate::Admin;
use crate::domain::CommunityRow;
use crate::operations::PUT_COMMUNITY;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Which community, and into which state.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PutCommunity {
    /// Its short name or its id.
    pub(crate) name: String,
    /// `active`, `read_only`, `suspended` or `leaving`.
    pub(crate) state: String,
    /// The version somebody saw; any when absent.
    pub(crate) expected_version: Option<i64>,
}

impl UseCase for PutCommunity {
    type Module = Admin;
    type Subject = CommunityRow;
    type Output = CommunityRow;
    const OPERATION: &'static Operation = &PUT_COMMUNITY;

    async fn load(&self, admin: &Admin, _: &Caller) -> Result<CommunityRow, Fault> {
        named(admin, &self.name).await
    }

    fn resource(&self, _: &CommunityRow, _: &Caller) -> Resource {
        installation()
    }

    async fn run(&self, admin: &Admin, community: CommunityRow, permit: Permit) -> Result<CommunityRow, Fault> {
        let state = self.state.parse()?;
        as_seen(&community, self.expected_version)?;
        match community.put(state, admin.clock.now())? {
            Some(changed) => commit_community(admin, permit, changed, Vec::new()).await,
            None => Ok(community),
        }
    }
}
