//! Queues and what went through them.
#![expect(unused_qualifications, reason = "the OpenAPI macro repeats the handlers' argument types with their paths")]

use super::{PROBLEM_JSON, order};
use crate::Platform;
use crate::adapters::orders::QueueOrder;
use crate::adapters::shapes::{LimitsBody, QueuesBody, ThroughputBody, TouchedBody};
use crate::usecases::{GiveOrder, LimitQueue, ListQueues, ReadThroughput};
use axum::extract::State;
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(list_queues))
        .routes(routes!(limit_queue))
        .routes(routes!(order_queue))
        .routes(routes!(read_throughput))
}

/// Whose.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ModuleParams {
    /// Only this module's.
    pub(super) module: Option<String>,
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
    Ok(Json(platform.execute(&caller, ListQueues { module }).await?.into()))
}

/// Orders something about a queue
///
/// `pause`: what runs goes on; nothing more is started, in any process, until `resume`.
#[utoipa::path(
    post,
    path = "/api/v1/platform/queues/{module}/{queue}/{order}",
    tag = "platform",
    params(
        ("module" = String, Path, description = "The module."),
        ("queue" = String, Path, description = "The queue."),
        ("order" = inline(QueueOrder), Path, description = "What is to be done."),
    ),
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
async fn order_queue(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, queue, given)): Path<(String, String, QueueOrder)>,
) -> Result<Json<TouchedBody>, Refusal> {
    order(&platform, &caller, module, queue, given).await
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
    let touched = platform.execute(&caller, LimitQueue { module, queue, limits: body.into() }).await?;
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
    Ok(Json(platform.execute(&caller, ReadThroughput { module, minutes: minutes.unwrap_or(60) }).await?.into()))
}
