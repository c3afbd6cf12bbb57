//! How many tasks there are of some sort: what is said before something is done to all of them.

use super::desk;
use crate::Platform;
use crate::desks::Survey;
use crate::domain::{TypedFilter, said};
use kernel::{Caller, DeskAnswer, DeskQuestion, Fault, Operation, Permit, READ_TASKS, Resource, UseCase};
use serde::Serialize;

/// Which tasks.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct CountTasks {
    /// Only this module's.
    pub(crate) module: Option<String>,
    /// Only those.
    pub(crate) filter: TypedFilter,
}

impl UseCase for CountTasks {
    type Module = Platform;
    type Subject = ();
    type Output = Survey<u64>;
    const OPERATION: &'static Operation = &READ_TASKS;

    async fn load(&self, _: &Platform, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        desk(self.module.as_deref())
    }

    async fn run(&self, platform: &Platform, (): (), permit: Permit) -> Result<Self::Output, Fault> {
        let pick = |answer| match answer {
            DeskAnswer::Count(count) => Some(count),
            _ => None,
        };
        let question = DeskQuestion::Count(self.filter.parse()?);
        platform.desks.survey(permit.caller(), said(self.module.as_deref()), question, pick).await
    }
}
