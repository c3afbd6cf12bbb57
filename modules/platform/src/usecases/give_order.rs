//! Takes an order about one thing to the desk of its module, which decides, carries it out and is audited for it.

use super::desk;
use crate::Platform;
use crate::domain::name;
use kernel::{Caller, DeskOrder, Fault, ORDER_TASKS, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// What is to be done.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct GiveOrder {
    /// The module whose thing it is.
    pub(crate) module: String,
    /// The order.
    pub(crate) order: DeskOrder,
}

impl UseCase for GiveOrder {
    type Module = Platform;
    type Subject = ();
    /// How many things it touched.
    type Output = u64;
    const OPERATION: &'static Operation = &ORDER_TASKS;

    async fn load(&self, _: &Platform, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        desk(Some(&self.module))
    }

    async fn run(&self, platform: &Platform, (): (), permit: Permit) -> Result<u64, Fault> {
        match &self.order {
            DeskOrder::Pause(queue) | DeskOrder::Resume(queue) => name("queue", queue)?,
            DeskOrder::RunNow(schedule) | DeskOrder::PauseSchedule(schedule) | DeskOrder::ResumeSchedule(schedule) => {
                name("name", schedule)?;
            }
            _ => {}
        }
        platform.desks.order(permit.caller(), &self.module, self.order.clone()).await
    }
}
