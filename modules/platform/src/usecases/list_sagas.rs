//! Sagas of one module or of all, the newest first.

use super::{Gathered, desk, gather, part};
use crate::Platform;
use crate::domain::{TypedSagaFilter, said};
use kernel::{
    Caller, DeskAnswer, DeskQuestion, Fault, Operation, PageRequest, Permit, READ_TASKS, Resource, SagaSummary, UseCase,
};
use serde::{Deserialize, Serialize};

/// Which sagas.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ListSagas {
    /// Only this module's.
    pub(crate) module: Option<String>,
    /// Only those.
    pub(crate) filter: TypedSagaFilter,
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

/// A saga and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FoundSaga {
    /// The module.
    pub(crate) module: String,
    /// The saga.
    pub(crate) saga: SagaSummary,
}

impl UseCase for ListSagas {
    type Module = Platform;
    type Subject = ();
    type Output = Gathered<FoundSaga>;
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
            DeskAnswer::Sagas(page) => Some(page),
            _ => None,
        };
        let question = DeskQuestion::Sagas(self.filter.parse()?, part);
        let survey = platform.desks.survey(permit.caller(), said(self.module.as_deref()), question, pick).await?;
        let found = |module: &str, saga| FoundSaga { module: module.to_owned(), saga };
        gather(survey, size, |found| found.saga.id, found)
    }
}
