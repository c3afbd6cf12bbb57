//! Takes a module's entry into the record. The same entry a second time changes nothing.

use crate::Audit;
use crate::operations::RECORD_ENTRY;
use crate::store::Entry;
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// What to record.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RecordEntry {
    /// The entry, with its place in its module's log.
    pub(crate) entry: Entry,
}

impl UseCase for RecordEntry {
    type Module = Audit;
    type Subject = ();
    type Output = ();
    const OPERATION: &'static Operation = &RECORD_ENTRY;

    async fn load(&self, _: &Audit, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        let entry = &self.entry.entry;
        Resource::new("Entry", entry.id, entry.tenant).with("module", Attribute::Text(entry.module.clone()))
    }

    async fn run(&self, audit: &Audit, (): (), permit: Permit) -> Result<(), Fault> {
        let entry = audit.store.prepared(self.entry.clone()).await?;
        audit.store.base().commit(permit, entry, Vec::new(), ()).await
    }
}
