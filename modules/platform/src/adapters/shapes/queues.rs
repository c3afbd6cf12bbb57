//! Queues, and what went through them, in JSON.

use super::{SilentBody, silent};
use crate::desks::Survey;
use crate::domain::TypedLimits;
use chrono::{DateTime, Utc};
use kernel::{QueueState, ThroughputMinute};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much of a queue may run. What is null is not limited.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::adapters) struct LimitsBody {
    /// At most so many at a time in each process.
    per_process: Option<u32>,
    /// At most so many at a time in all processes together.
    at_most: Option<u32>,
    /// At most so many started in each period.
    rate: Option<u32>,
    /// How long the period is, in seconds; 1 when a rate is given without it.
    rate_seconds: Option<u32>,
}

impl From<TypedLimits> for LimitsBody {
    fn from(limits: TypedLimits) -> Self {
        let TypedLimits { per_process, at_most, rate, rate_seconds } = limits;
        Self { per_process, at_most, rate, rate_seconds }
    }
}

/// A queue as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct QueueBody {
    /// The module whose queue it is.
    #[schema(example = "forum")]
    module: String,
    /// Its name.
    #[schema(example = "default")]
    name: String,
    /// Whether nothing is started.
    paused: bool,
    /// How much of it may run.
    limits: LimitsBody,
    /// Tasks that may start now.
    ready: u64,
    /// Tasks not due yet.
    scheduled: u64,
    /// Tasks waiting for others of their lane.
    waiting: u64,
    /// Tasks somebody is at.
    running: u64,
    /// Dead letters.
    dead: u64,
    /// Since when the oldest ready task has been due.
    oldest_due: Option<DateTime<Utc>>,
}

impl QueueBody {
    pub(in crate::adapters) fn of(module: String, queue: QueueState) -> Self {
        Self {
            module,
            name: queue.settings.name,
            paused: queue.settings.paused,
            limits: TypedLimits::from(&queue.settings.limits).into(),
            ready: queue.ready,
            scheduled: queue.scheduled,
            waiting: queue.waiting,
            running: queue.running,
            dead: queue.dead,
            oldest_due: queue.oldest_due,
        }
    }
}

/// Every queue.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct QueuesBody {
    /// By module.
    items: Vec<QueueBody>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

impl From<LimitsBody> for TypedLimits {
    fn from(body: LimitsBody) -> Self {
        let LimitsBody { per_process, at_most, rate, rate_seconds } = body;
        Self { per_process, at_most, rate, rate_seconds }
    }
}

impl From<Survey<Vec<QueueState>>> for QueuesBody {
    fn from(survey: Survey<Vec<QueueState>>) -> Self {
        let of = |(module, queues): (String, Vec<QueueState>)| {
            queues.into_iter().map(move |queue| QueueBody::of(module.clone(), queue))
        };
        Self { items: survey.heard.into_iter().flat_map(of).collect(), silent: silent(survey.silent) }
    }
}

/// One minute.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct MinuteBody {
    /// Its beginning.
    minute: DateTime<Utc>,
    /// Tasks done.
    done: u64,
    /// Attempts that failed and will be repeated.
    failed: u64,
    /// Tasks that became dead letters.
    dead: u64,
}

/// A module's minutes.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct ModuleThroughput {
    /// The module.
    #[schema(example = "forum")]
    module: String,
    /// The oldest first.
    minutes: Vec<MinuteBody>,
}

/// What went through the queues.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct ThroughputBody {
    /// By module.
    items: Vec<ModuleThroughput>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

impl From<Survey<Vec<ThroughputMinute>>> for ThroughputBody {
    fn from(survey: Survey<Vec<ThroughputMinute>>) -> Self {
        let minute =
            |m: ThroughputMinute| MinuteBody { minute: m.minute, done: m.done, failed: m.failed, dead: m.dead };
        let items = survey
            .heard
            .into_iter()
            .map(|(module, minutes)| ModuleThroughput { module, minutes: minutes.into_iter().map(minute).collect() });
        Self { items: items.collect(), silent: silent(survey.silent) }
    }
}
