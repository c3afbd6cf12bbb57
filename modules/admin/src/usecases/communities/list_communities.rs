//! Every community, for whoever runs the installation.

use super::installation;
use crate::Admin;
use crate::domain::CommunityRow;
use crate::operations::LIST_COMMUNITIES;
use kernel::{Caller, Cursor, Fault, Operation, Page, PageRequest, Permit, Resource, UseCase};
use serde::Serialize;

/// Which part of the list.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ListCommunities {
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

impl UseCase for ListCommunities {
    type Module = Admin;
    type Subject = ();
    type Output = Page<CommunityRow>;
    const OPERATION: &'static Operation = &LIST_COMMUNITIES;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        installation()
    }

    async fn run(&self, admin: &Admin, (): (), _: Permit) -> Result<Page<CommunityRow>, Fault> {
        let after: Option<String> = self.page.cursor.as_ref().map(Cursor::key).transpose()?;
        admin.store.communities(after.as_deref(), self.page.size(50, 200)?).await
    }
}
