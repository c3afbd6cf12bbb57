//! Schedules in JSON.

use super::{SilentBody, silent};
use crate::desks::Survey;
use chrono::{DateTime, Utc};
use kernel::ScheduleState;
use serde::Serialize;
use utoipa::ToSchema;

/// A schedule as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct ScheduleBody {
    /// The module whose schedule it is.
    #[schema(example = "forum")]
    module: String,
    /// Its stable name.
    name: String,
    /// The kind of task it enqueues.
    #[schema(example = "forum.sweep_drafts")]
    kind: String,
    /// When, as a cron expression.
    #[schema(example = "0 3 * * *")]
    cron: String,
    /// In which time zone.
    #[schema(example = "Europe/Berlin")]
    zone: String,
    /// Whether it is paused.
    paused: bool,
    /// The last tick it fired for.
    last_tick: Option<DateTime<Utc>>,
    /// The next tick.
    next_tick: Option<DateTime<Utc>>,
}

impl ScheduleBody {
    pub(in crate::adapters) fn of(module: String, schedule: ScheduleState) -> Self {
        let ScheduleState { name, kind, cron, zone, paused, last_tick, next_tick } = schedule;
        Self { module, name, kind, cron, zone, paused, last_tick, next_tick }
    }
}

/// Every schedule.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct SchedulesBody {
    /// By module.
    items: Vec<ScheduleBody>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

impl From<Survey<Vec<ScheduleState>>> for SchedulesBody {
    fn from(survey: Survey<Vec<ScheduleState>>) -> Self {
        let of = |(module, schedules): (String, Vec<ScheduleState>)| {
            schedules.into_iter().map(move |schedule| ScheduleBody::of(module.clone(), schedule))
        };
        Self { items: survey.heard.into_iter().flat_map(of).collect(), silent: silent(survey.silent) }
    }
}
