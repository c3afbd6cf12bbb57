//! One task's life.

use super::desk;
use crate::Platform;
use crate::desks::beside_the_point;
use kernel::{Caller, DeskAnswer, DeskQuestion, Fault, Operation, Permit, READ_TASKS, Resource, TaskLife, UseCase};
use serde::Serialize;
use store::NO_SUCH_TASK;
use uuid::Uuid;

/// Which task.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadTask {
    /// The module whose task it is.
    pub(crate) module: String,
    /// The task.
    pub(crate) id: Uuid,
}

impl UseCase for ReadTask {
    type Module = Platform;
    type Subject = ();
    type Output = TaskLife;
    const OPERATION: &'static Operation = &READ_TASKS;

    async fn load(&self, _: &Platform, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        desk(Some(&self.module))
    }

    async fn run(&self, platform: &Platform, (): (), permit: Permit) -> Result<TaskLife, Fault> {
        match platform.desks.ask(permit.caller(), &self.module, DeskQuestion::Task(self.id)).await? {
            DeskAnswer::Task(life) => life.map(|life| *life).ok_or_else(|| NO_SUCH_TASK.fault()),
            _ => Err(beside_the_point()),
        }
    }
}
