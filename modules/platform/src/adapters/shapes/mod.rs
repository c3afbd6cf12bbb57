//! What answers look like in JSON, over REST and at the shell: the kernel's own forms are not what clients are promised.

mod queues;
mod sagas;
mod schedules;
mod tasks;

pub(super) use queues::{LimitsBody, QueuesBody, ThroughputBody};
pub(super) use sagas::{SagaLifeBody, SagasBody};
pub(super) use schedules::SchedulesBody;
pub(super) use tasks::{TaskLifeBody, TasksBody};

use crate::desks::{Silent, Survey};
use serde::Serialize;
use utoipa::ToSchema;

/// A module whose part of the answer is missing, because it does not answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SilentBody {
    /// The module.
    #[schema(example = "forum")]
    module: String,
    /// Why, for people.
    detail: String,
}

impl From<Silent> for SilentBody {
    fn from(silent: Silent) -> Self {
        Self { module: silent.module, detail: silent.detail }
    }
}

fn silent(silent: Vec<Silent>) -> Vec<SilentBody> {
    silent.into_iter().map(SilentBody::from).collect()
}

/// How many things an order touched.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TouchedBody {
    /// How many.
    #[schema(example = 1)]
    pub(super) touched: u64,
}

/// A number for each module.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CountedBody {
    /// All of them together.
    count: u64,
    /// Each module that answered.
    items: Vec<ModuleCount>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

/// One module's number.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModuleCount {
    /// The module.
    #[schema(example = "forum")]
    module: String,
    /// How many.
    count: u64,
}

impl From<Survey<u64>> for CountedBody {
    fn from(survey: Survey<u64>) -> Self {
        let count = survey.total();
        let items = survey.heard.into_iter().map(|(module, count)| ModuleCount { module, count }).collect();
        Self { count, items, silent: silent(survey.silent) }
    }
}
