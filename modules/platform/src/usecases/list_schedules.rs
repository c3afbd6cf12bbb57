//! Every schedule as it is now.

use super::desk;
use crate::Platform;
use crate::desks::Survey;
use crate::domain::said;
use kernel::{
    Caller, DeskAnswer, DeskQuestion, Fault, Operation, Permit, READ_TASKS, Resource, ScheduleState, UseCase,
};
use serde::Serialize;

/// Whose schedules.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ListSchedules {
    /// Only this module's.
    pub(crate) module: Option<String>,
}

impl UseCase for ListSchedules {
    type Module = Platform;
    type Subject = ();
    type Output = Survey<Vec<ScheduleState>>;
    const OPERATION: &'static Operation = &READ_TASKS;

    async fn load(&self, _: &Platform, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        desk(self.module.as_deref())
    }

    async fn run(&self, platform: &Platform, (): (), permit: Permit) -> Result<Self::Output, Fault> {
        let pick = |answer| match answer {
            DeskAnswer::Schedules(schedules) => Some(schedules),
            _ => None,
        };
        let module = said(self.module.as_deref());
        platform.desks.survey(permit.caller(), module, DeskQuestion::Schedules, pick).await
    }
}
