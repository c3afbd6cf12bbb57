//! One entry of the record.

use crate::Audit;
use crate::operations::READ_ENTRY;
use crate::store::Entry;
use audit_contract::reasons::NO_SUCH_ENTRY;
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use uuid::Uuid;

/// Which entry.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadEntry {
    /// Its id.
    pub(crate) id: Uuid,
}

impl UseCase for ReadEntry {
    type Module = Audit;
    type Subject = Entry;
    type Output = Entry;
    const OPERATION: &'static Operation = &READ_ENTRY;

    async fn load(&self, audit: &Audit, caller: &Caller) -> Result<Entry, Fault> {
        let tenant = caller.actor.tenant;
        if let Some(entry) = audit.store.entry(tenant, self.id).await? {
            return Ok(entry);
        }
        let archived =
            audit.archives.entry(&audit.store, tenant, self.id).await?.ok_or_else(|| NO_SUCH_ENTRY.fault())?;
        let (entry, position) = archived.unsealed();
        Ok(Entry { entry, position, person: None })
    }

    fn resource(&self, found: &Entry, _: &Caller) -> Resource {
        let module = Attribute::Text(found.entry.module.clone());
        Resource::new("Entry", self.id, found.entry.tenant).with("module", module)
    }

    async fn run(&self, _: &Audit, found: Entry, _: Permit) -> Result<Entry, Fault> {
        Ok(found)
    }
}
