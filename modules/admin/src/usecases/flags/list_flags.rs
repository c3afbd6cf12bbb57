//! Which flags there are, by key.

use crate::Admin;
use crate::domain::FlagKey;
use crate::operations::LIST_FLAGS;
use crate::store::{FlagFilter, FlagView};
use kernel::{Caller, Fault, Operation, Page, PageRequest, Permit, Resource, UseCase};
use serde::Serialize;

/// Flags on a page when nobody says how many.
const USUAL: u32 = 50;
/// Flags on a page at most.
const MOST: u32 = 200;

/// Which flags to list.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ListFlags {
    /// Part of a key or a description, in any case.
    pub(crate) query: Option<String>,
    /// Whether those put away are listed, and only those.
    pub(crate) archived: bool,
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

impl UseCase for ListFlags {
    type Module = Admin;
    type Subject = ();
    type Output = Page<FlagView>;
    const OPERATION: &'static Operation = &LIST_FLAGS;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<Page<FlagView>, Fault> {
        let size = self.page.size(USUAL, MOST)?;
        let after = self.page.cursor.as_ref().map(|cursor| cursor.key::<FlagKey>()).transpose()?;
        let words = self.query.as_deref().map(str::trim).filter(|words| !words.is_empty()).map(str::to_owned);
        admin.store.flags(permit.tenant(), FlagFilter { words, archived: self.archived, after, size }).await
    }
}
