//! Gives every dead letter of some sort another life, in one module or in all.

use super::desk;
use crate::Platform;
use crate::desks::Survey;
use crate::domain::{TypedFilter, said};
use kernel::{Caller, DeskOrder, Fault, ORDER_TASKS, Operation, Permit, Resource, TaskState, UseCase};
use serde::Serialize;

/// Which dead letters.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RedriveAll {
    /// Only this module's.
    pub(crate) module: Option<String>,
    /// Only those. A state other than dead matches nothing that could be redriven.
    pub(crate) filter: TypedFilter,
}

impl UseCase for RedriveAll {
    type Module = Platform;
    type Subject = ();
    /// How many each module redrove.
    type Output = Survey<u64>;
    const OPERATION: &'static Operation = &ORDER_TASKS;

    async fn load(&self, _: &Platform, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        desk(self.module.as_deref())
    }

    async fn run(&self, platform: &Platform, (): (), permit: Permit) -> Result<Self::Output, Fault> {
        let mut filter = self.filter.parse()?;
        match filter.state {
            None | Some(TaskState::Dead) => filter.state = Some(TaskState::Dead),
            Some(_) => return Err(Fault::invalid("state", "must be dead: nothing else can be redriven")),
        }
        let order = DeskOrder::RedriveAll(filter);
        platform.desks.order_all(permit.caller(), said(self.module.as_deref()), order).await
    }
}
