//! What was done, the newest first.

use crate::Audit;
use crate::domain::{Typed, Wanted};
use crate::operations::LIST_ENTRIES;
use crate::store::Entry;
use kernel::{Caller, Fault, Operation, Page, PageRequest, Permit, Resource, Time, UseCase};
use serde::Serialize;
use uuid::Uuid;

/// Entries on a page when nobody says how many.
const USUAL: u32 = 50;
/// Entries on a page at most.
const MOST: u32 = 200;

/// Which entries to list. What is empty or absent does not matter.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ListEntries {
    /// Committed by this module.
    pub(crate) module: Option<String>,
    /// Made by this operation.
    pub(crate) operation: Option<String>,
    /// Made by this principal, user id, or whoever went by this name.
    pub(crate) actor: Option<String>,
    /// Made to this, as `Kind/id`, or to anything of that `Kind`.
    pub(crate) resource: Option<String>,
    /// Ended like this: `done` or `refused`.
    pub(crate) result: Option<String>,
    /// Not before this instant or day.
    pub(crate) from: Option<String>,
    /// Before this instant, or up to the end of this day.
    pub(crate) to: Option<String>,
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

impl UseCase for ListEntries {
    type Module = Audit;
    type Subject = ();
    type Output = Page<Entry>;
    const OPERATION: &'static Operation = &LIST_ENTRIES;

    async fn load(&self, _: &Audit, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Record", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, audit: &Audit, (): (), permit: Permit) -> Result<Page<Entry>, Fault> {
        let wanted = Wanted::parse(Typed {
            module: self.module.as_deref(),
            operation: self.operation.as_deref(),
            actor: self.actor.as_deref(),
            resource: self.resource.as_deref(),
            result: self.result.as_deref(),
            from: self.from.as_deref(),
            to: self.to.as_deref(),
        })?;
        let size = self.page.size(USUAL, MOST)?;
        let after = self.page.cursor.as_ref().map(|cursor| cursor.key::<(Time, Uuid)>()).transpose()?;
        audit.store.entries(permit.tenant(), wanted, after, size).await
    }
}
