//! Every checkpoint there is, the latest first.

use crate::Audit;
use crate::operations::LIST_CHECKPOINTS;
use crate::store::KeptCheckpoint;
use kernel::{Caller, Fault, Operation, Page, PageRequest, Permit, Resource, UseCase};
use serde::Serialize;

/// Checkpoints on a page when nobody says how many.
const USUAL: u32 = 50;
/// Checkpoints on a page at most.
const MOST: u32 = 200;

/// Which part of the list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ListCheckpoints {
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

impl UseCase for ListCheckpoints {
    type Module = Audit;
    type Subject = ();
    type Output = Page<KeptCheckpoint>;
    const OPERATION: &'static Operation = &LIST_CHECKPOINTS;

    async fn load(&self, _: &Audit, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Record", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, audit: &Audit, (): (), permit: Permit) -> Result<Page<KeptCheckpoint>, Fault> {
        let size = self.page.size(USUAL, MOST)?;
        let below = self.page.cursor.as_ref().map(|cursor| cursor.key::<u64>()).transpose()?;
        audit.store.checkpoints(permit.tenant(), below, size).await
    }
}
