//! What every flag comes to that the caller may ask for, from memory.

use super::evaluate_flag::{Evaluation, resource_of};
use crate::Admin;
use crate::domain::{Context, Snapshot};
use crate::operations::{EVALUATE_FLAG, EVALUATE_FLAGS};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use std::sync::Arc;

/// For whom.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EvaluateFlags {
    /// For whom.
    pub(crate) context: Context,
}

impl UseCase for EvaluateFlags {
    type Module = Admin;
    type Subject = Arc<Snapshot>;
    type Output = Vec<Evaluation>;
    const OPERATION: &'static Operation = &EVALUATE_FLAGS;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Arc<Snapshot>, Fault> {
        Ok(admin.flags.of(caller.actor.tenant))
    }

    fn resource(&self, _: &Arc<Snapshot>, caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, flags: Arc<Snapshot>, permit: Permit) -> Result<Vec<Evaluation>, Fault> {
        let (caller, now) = (permit.caller(), admin.clock.now());
        // The policies are asked for each flag, so that what they say of one holds here too.
        let may_ask =
            |key: &&str| admin.pipeline.gate().allows(caller, &EVALUATE_FLAG, &resource_of(&flags, key, caller));
        Ok(flags.keys().filter(may_ask).map(|key| Evaluation::of(&flags, key, None, &self.context, now)).collect())
    }
}
