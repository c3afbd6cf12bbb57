//! Queues and what went through them.
#![expect(unused_qualifications, reason = "the OpenAPI macro repeats the handlers' argument types with their paths")]

use super::PROBLEM_JSON;
use super::shapes::{SilentBody, TouchedBody, silent};
use crate::Platform;
use crate::domain::TypedLimits;
use crate::usecases::{GiveOrder, LimitQueue, ListQueues, ReadThroughput};
use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::{DeskOrder, QueueState};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(list_queues))
        .routes(routes!(pause_queue))
        .routes(routes!(resume_queue))
        .routes(routes!(limit_queue))
        .routes(routes!(read_throughput))
}

/// Whose.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ModuleParams {
    /// Only this module's.
    pub(super) module: Option<String>,
}

/// How much of a queue may run. What is null is not limited.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct LimitsBody {
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
struct QueueBody {
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
    fn of(module: String, queue: QueueState) -> Self {
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
struct QueuesBody {
    /// By module.
    items: Vec<QueueBody>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

/// Lists queues
///
/// Every queue of every module, as it is now. A module that does not answer stands in `silent`.
#[utoipa::path(
    get,
    path = "/api/v1/platform/queues",
    tag = "platform",
    params(ModuleParams),
    responses(
        (status = 200, body = QueuesBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_queues(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ListQueues>,
    Query(ModuleParams { module }): Query<ModuleParams>,
) -> Result<Json<QueuesBody>, Refusal> {
    let survey = platform.execute(&caller, ListQueues { module }).await?;
    let of = |(module, queues): (String, Vec<QueueState>)| {
        queues.into_iter().map(move |queue| QueueBody::of(module.clone(), queue))
    };
    Ok(Json(QueuesBody { items: survey.heard.into_iter().flat_map(of).collect(), silent: silent(survey.silent) }))
}

/// Pauses a queue
///
/// What runs goes on; nothing more is started, in any process, until the queue is resumed.
#[utoipa::path(
    post,
    path = "/api/v1/platform/queues/{module}/{queue}/pause",
    tag = "platform",
    params(("module" = String, Path, description = "The module."), ("queue" = String, Path, description = "The queue.")),
    responses(
        (status = 200, body = TouchedBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 503, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn pause_queue(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, queue)): Path<(String, String)>,
) -> Result<Json<TouchedBody>, Refusal> {
    let touched = platform.execute(&caller, GiveOrder { module, order: DeskOrder::Pause(queue) }).await?;
    Ok(Json(TouchedBody { touched }))
}

/// Resumes a queue
#[utoipa::path(
    post,
    path = "/api/v1/platform/queues/{module}/{queue}/resume",
    tag = "platform",
    params(("module" = String, Path, description = "The module."), ("queue" = String, Path, description = "The queue.")),
    responses(
        (status = 200, body = TouchedBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 503, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn resume_queue(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, queue)): Path<(String, String)>,
) -> Result<Json<TouchedBody>, Refusal> {
    let touched = platform.execute(&caller, GiveOrder { module, order: DeskOrder::Resume(queue) }).await?;
    Ok(Json(TouchedBody { touched }))
}

/// Limits a queue
///
/// Sets how much of it may run from now on, in place of the limits it has. What is null or absent is not limited.
#[utoipa::path(
    put,
    path = "/api/v1/platform/queues/{module}/{queue}/limits",
    tag = "platform",
    params(("module" = String, Path, description = "The module."), ("queue" = String, Path, description = "The queue.")),
    request_body = LimitsBody,
    responses(
        (status = 200, body = TouchedBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
        (status = 503, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn limit_queue(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<LimitQueue>,
    Path((module, queue)): Path<(String, String)>,
    Json(body): Json<LimitsBody>,
) -> Result<Json<TouchedBody>, Refusal> {
    let LimitsBody { per_process, at_most, rate, rate_seconds } = body;
    let limits = TypedLimits { per_process, at_most, rate, rate_seconds };
    let touched = platform.execute(&caller, LimitQueue { module, queue, limits }).await?;
    Ok(Json(TouchedBody { touched }))
}

/// How far back to look.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ThroughputParams {
    /// Only this module's.
    module: Option<String>,
    /// How many minutes: 1 to 1440, 60 when absent.
    minutes: Option<u32>,
}

/// One minute.
#[derive(Debug, Serialize, ToSchema)]
struct MinuteBody {
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
struct ModuleThroughput {
    /// The module.
    #[schema(example = "forum")]
    module: String,
    /// The oldest first.
    minutes: Vec<MinuteBody>,
}

/// What went through the queues.
#[derive(Debug, Serialize, ToSchema)]
struct ThroughputBody {
    /// By module.
    items: Vec<ModuleThroughput>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

/// Reads the throughput
///
/// What was done and what failed in each of the last minutes, by module.
#[utoipa::path(
    get,
    path = "/api/v1/platform/throughput",
    tag = "platform",
    params(ThroughputParams),
    responses(
        (status = 200, body = ThroughputBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn read_throughput(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ReadThroughput>,
    Query(ThroughputParams { module, minutes }): Query<ThroughputParams>,
) -> Result<Json<ThroughputBody>, Refusal> {
    let survey = platform.execute(&caller, ReadThroughput { module, minutes: minutes.unwrap_or(60) }).await?;
    let items = survey.heard.into_iter().map(|(module, minutes)| {
        let minute =
            |m: kernel::ThroughputMinute| MinuteBody { minute: m.minute, done: m.done, failed: m.failed, dead: m.dead };
        ModuleThroughput { module, minutes: minutes.into_iter().map(minute).collect() }
    });
    Ok(Json(ThroughputBody { items: items.collect(), silent: silent(survey.silent) }))
}
