//! One community, for whoever runs the installation.

use super::{installation, named};
use crate::Admin;
use crate::domain::CommunityRow;
use crate::operations::READ_COMMUNITY;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Which one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadCommunity {
    /// Its short name or its id.
    pub(crate) name: String,
}

impl UseCase for ReadCommunity {
    type Module = Admin;
    type Subject = ();
    type Output = CommunityRow;
    const OPERATION: &'static Operation = &READ_COMMUNITY;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        installation()
    }

    async fn run(&self, admin: &Admin, (): (), _: Permit) -> Result<CommunityRow, Fault> {
        named(admin, &self.name).await
    }
}
