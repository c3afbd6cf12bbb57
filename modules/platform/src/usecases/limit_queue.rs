//! Sets how much of a queue may run.

use super::desk;
use crate::Platform;
use crate::domain::{TypedLimits, name};
use kernel::{Caller, DeskOrder, Fault, ORDER_TASKS, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Which queue, and how much.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LimitQueue {
    /// The module whose queue it is.
    pub(crate) module: String,
    /// The queue.
    pub(crate) queue: String,
    /// The limits from now on.
    pub(crate) limits: TypedLimits,
}

impl UseCase for LimitQueue {
    type Module = Platform;
    type Subject = ();
    type Output = u64;
    const OPERATION: &'static Operation = &ORDER_TASKS;

    async fn load(&self, _: &Platform, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        desk(Some(&self.module))
    }

    async fn run(&self, platform: &Platform, (): (), permit: Permit) -> Result<u64, Fault> {
        name("queue", &self.queue)?;
        let order = DeskOrder::Limit(self.queue.clone(), self.limits.parse()?);
        platform.desks.order(permit.caller(), &self.module, order).await
    }
}
