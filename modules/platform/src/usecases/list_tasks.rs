//! Tasks of one module or of all, the newest first.

use super::{Gathered, desk, gather, part};
use crate::Platform;
use crate::domain::{TypedFilter, said};
use kernel::{
    Caller, DeskAnswer, DeskQuestion, Fault, Operation, PageRequest, Permit, READ_TASKS, Resource, TaskSummary, UseCase,
};
use serde::{Deserialize, Serialize};

/// Which tasks.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ListTasks {
    /// Only this module's.
    pub(crate) module: Option<String>,
    /// Only those.
    pub(crate) filter: TypedFilter,
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

/// A task and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FoundTask {
    /// The module.
    pub(crate) module: String,
    /// The task.
    pub(crate) task: TaskSummary,
}

impl UseCase for ListTasks {
    type Module = Platform;
    type Subject = ();
    type Output = Gathered<FoundTask>;
    const OPERATION: &'static Operation = &READ_TASKS;

    async fn load(&self, _: &Platform, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        desk(self.module.as_deref())
    }

    async fn run(&self, platform: &Platform, (): (), permit: Permit) -> Result<Self::Output, Fault> {
        let (size, part) = part(&self.page)?;
        let pick = |answer| match answer {
            DeskAnswer::Tasks(page) => Some(page),
            _ => None,
        };
        let question = DeskQuestion::Tasks(self.filter.parse()?, part);
        let survey = platform.desks.survey(permit.caller(), said(self.module.as_deref()), question, pick).await?;
        let found = |module: &str, task| FoundTask { module: module.to_owned(), task };
        gather(survey, size, |found| found.task.id, found)
    }
}
