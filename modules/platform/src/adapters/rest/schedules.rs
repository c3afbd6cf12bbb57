//! Schedules.

use super::PROBLEM_JSON;
use super::queues::ModuleParams;
use super::shapes::{SilentBody, TouchedBody, silent};
use crate::Platform;
use crate::usecases::{GiveOrder, ListSchedules};
use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::{DeskOrder, ScheduleState};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new().routes(routes!(list_schedules)).routes(routes!(order_schedule))
}

/// A schedule as it is now.
#[derive(Debug, Serialize, ToSchema)]
struct ScheduleBody {
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
    fn of(module: String, schedule: ScheduleState) -> Self {
        let ScheduleState { name, kind, cron, zone, paused, last_tick, next_tick } = schedule;
        Self { module, name, kind, cron, zone, paused, last_tick, next_tick }
    }
}

/// Every schedule.
#[derive(Debug, Serialize, ToSchema)]
struct SchedulesBody {
    /// By module.
    items: Vec<ScheduleBody>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

/// Lists schedules
///
/// Every schedule of every module, as it is now. A module that does not answer stands in `silent`.
#[utoipa::path(
    get,
    path = "/api/v1/platform/schedules",
    tag = "platform",
    params(ModuleParams),
    responses(
        (status = 200, body = SchedulesBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_schedules(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ListSchedules>,
    Query(ModuleParams { module }): Query<ModuleParams>,
) -> Result<Json<SchedulesBody>, Refusal> {
    let survey = platform.execute(&caller, ListSchedules { module }).await?;
    let of = |(module, schedules): (String, Vec<ScheduleState>)| {
        schedules.into_iter().map(move |schedule| ScheduleBody::of(module.clone(), schedule))
    };
    Ok(Json(SchedulesBody { items: survey.heard.into_iter().flat_map(of).collect(), silent: silent(survey.silent) }))
}

/// What can be ordered about a schedule.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::adapters) enum ScheduleOrder {
    /// Fire it now, besides its ticks.
    RunNow,
    /// Stop it from firing.
    Pause,
    /// Let it fire again.
    Resume,
}

impl ScheduleOrder {
    /// As the desk takes it.
    pub(in crate::adapters) fn about(self, name: String) -> DeskOrder {
        match self {
            Self::RunNow => DeskOrder::RunNow(name),
            Self::Pause => DeskOrder::PauseSchedule(name),
            Self::Resume => DeskOrder::ResumeSchedule(name),
        }
    }
}

/// Orders something about a schedule
///
/// `run-now` fires it besides its ticks, `pause` stops it from firing, `resume` lets it fire again.
#[utoipa::path(
    post,
    path = "/api/v1/platform/schedules/{module}/{name}/{order}",
    tag = "platform",
    params(
        ("module" = String, Path, description = "The module."),
        ("name" = String, Path, description = "The schedule's name."),
        ("order" = ScheduleOrder, Path, description = "What is to be done."),
    ),
    responses(
        (status = 200, body = TouchedBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 503, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn order_schedule(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, name, order)): Path<(String, String, ScheduleOrder)>,
) -> Result<Json<TouchedBody>, Refusal> {
    let touched = platform.execute(&caller, GiveOrder { module, order: order.about(name) }).await?;
    Ok(Json(TouchedBody { touched }))
}
