//! What the record was signed for last.

use crate::Audit;
use crate::operations::READ_CHECKPOINT;
use crate::store::KeptCheckpoint;
use audit_contract::reasons::NO_CHECKPOINT;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The latest one.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ReadCheckpoint {}

impl UseCase for ReadCheckpoint {
    type Module = Audit;
    type Subject = ();
    type Output = KeptCheckpoint;
    const OPERATION: &'static Operation = &READ_CHECKPOINT;

    async fn load(&self, _: &Audit, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Record", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, audit: &Audit, (): (), permit: Permit) -> Result<KeptCheckpoint, Fault> {
        audit.store.latest(permit.tenant()).await?.ok_or_else(|| NO_CHECKPOINT.fault())
    }
}
