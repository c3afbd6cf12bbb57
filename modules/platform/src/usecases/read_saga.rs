//! One saga's life.

use super::desk;
use crate::Platform;
use crate::desks::beside_the_point;
use kernel::{Caller, DeskAnswer, DeskQuestion, Fault, Operation, Permit, READ_TASKS, Resource, SagaLife, UseCase};
use serde::Serialize;
use taskmill::saga::NO_SAGA;
use uuid::Uuid;

/// Which saga.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadSaga {
    /// The module whose saga it is.
    pub(crate) module: String,
    /// The saga.
    pub(crate) id: Uuid,
}

impl UseCase for ReadSaga {
    type Module = Platform;
    type Subject = ();
    type Output = SagaLife;
    const OPERATION: &'static Operation = &READ_TASKS;

    async fn load(&self, _: &Platform, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        desk(Some(&self.module))
    }

    async fn run(&self, platform: &Platform, (): (), permit: Permit) -> Result<SagaLife, Fault> {
        match platform.desks.ask(permit.caller(), &self.module, DeskQuestion::Saga(self.id)).await? {
            DeskAnswer::Saga(life) => life.map(|life| *life).ok_or_else(|| NO_SAGA.fault()),
            _ => Err(beside_the_point()),
        }
    }
}
