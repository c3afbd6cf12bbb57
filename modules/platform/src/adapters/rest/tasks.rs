//! Tasks, one and many.
#![expect(unused_qualifications, reason = "the OpenAPI macro repeats the handlers' argument types with their paths")]

use super::{PROBLEM_JSON, order};
use crate::Platform;
use crate::adapters::orders::TaskOrder;
use crate::adapters::shapes::{CountedBody, TaskLifeBody, TasksBody, TouchedBody};
use crate::domain::TypedFilter;
use crate::usecases::{CountTasks, GiveOrder, ListTasks, ReadTask, RedriveAll};
use axum::extract::State;
use kernel::{Cursor, PageRequest};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(list_tasks))
        .routes(routes!(count_tasks))
        .routes(routes!(redrive_all))
        .routes(routes!(read_task))
        .routes(routes!(order_task))
}

/// Which tasks to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TaskParams {
    /// Only this module's.
    module: Option<String>,
    /// In this queue.
    queue: Option<String>,
    /// Of this kind, such as `forum.sweep_drafts`.
    kind: Option<String>,
    /// With this unique key.
    key: Option<String>,
    /// For this community.
    tenant_id: Option<String>,
    /// `ready`, `scheduled`, `waiting`, `running`, `done`, `dead`, `cancelled`, `expired` or `replaced`.
    state: Option<String>,
    /// The `next` of the answer to go on from.
    cursor: Option<String>,
    /// How many at most: 1 to 200, 50 when absent.
    limit: Option<u32>,
}

/// Which tasks are meant.
#[derive(Debug, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
struct FilterBody {
    /// Only this module's.
    module: Option<String>,
    /// In this queue.
    queue: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// With this unique key.
    key: Option<String>,
    /// For this community.
    tenant_id: Option<String>,
    /// In this state.
    state: Option<String>,
}

impl FilterBody {
    fn into_parts(self) -> (Option<String>, TypedFilter) {
        let Self { module, queue, kind, key, tenant_id, state } = self;
        (module, TypedFilter { queue, kind, key, tenant: tenant_id, state })
    }
}

/// Lists tasks
///
/// Of every module or of one, the newest first. A module that does not answer stands in `silent`.
#[utoipa::path(
    get,
    path = "/api/v1/platform/tasks",
    tag = "platform",
    params(TaskParams),
    responses(
        (status = 200, body = TasksBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_tasks(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ListTasks>,
    Query(params): Query<TaskParams>,
) -> Result<Json<TasksBody>, Refusal> {
    let TaskParams { module, queue, kind, key, tenant_id, state, cursor, limit } = params;
    let filter = TypedFilter { queue, kind, key, tenant: tenant_id, state };
    let page = PageRequest { cursor: cursor.map(Cursor), limit };
    Ok(Json(platform.execute(&caller, ListTasks { module, filter, page }).await?.into()))
}

/// Counts tasks
#[utoipa::path(
    get,
    path = "/api/v1/platform/tasks/count",
    tag = "platform",
    params(FilterBody),
    responses(
        (status = 200, body = CountedBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn count_tasks(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<CountTasks>,
    Query(params): Query<FilterBody>,
) -> Result<Json<CountedBody>, Refusal> {
    let (module, filter) = params.into_parts();
    Ok(Json(platform.execute(&caller, CountTasks { module, filter }).await?.into()))
}

/// Redrives dead letters
///
/// Gives every dead letter that the filter matches another life, and says how many. The state may be left out; it can
/// only be `dead`. An `Idempotency-Key` changes nothing: given again, the order finds only what has died since. Modules in
/// `silent` may have carried it out all the same.
#[utoipa::path(
    post,
    path = "/api/v1/platform/tasks/redrive",
    tag = "platform",
    request_body = FilterBody,
    responses(
        (status = 200, body = CountedBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn redrive_all(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<RedriveAll>,
    Json(body): Json<FilterBody>,
) -> Result<Json<CountedBody>, Refusal> {
    let (module, filter) = body.into_parts();
    Ok(Json(platform.execute(&caller, RedriveAll { module, filter }).await?.into()))
}

/// Reads one task's life
///
/// Fails with `platform.no_such_desk` or `task.no_such_task`.
#[utoipa::path(
    get,
    path = "/api/v1/platform/tasks/{module}/{id}",
    tag = "platform",
    params(("module" = String, Path, description = "The module."), ("id" = Uuid, Path, description = "The task's id.")),
    responses(
        (status = 200, body = TaskLifeBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 503, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn read_task(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ReadTask>,
    Path((module, id)): Path<(String, Uuid)>,
) -> Result<Json<TaskLifeBody>, Refusal> {
    let life = platform.execute(&caller, ReadTask { module: module.clone(), id }).await?;
    Ok(Json(TaskLifeBody::of(module, life)))
}

/// Orders something about a task
///
/// `redrive` gives a dead letter another life, with its attempts counted anew. `cancel` stops a task: one that waits at
/// once, one that runs as soon as it listens.
#[utoipa::path(
    post,
    path = "/api/v1/platform/tasks/{module}/{id}/{order}",
    tag = "platform",
    params(
        ("module" = String, Path, description = "The module."),
        ("id" = Uuid, Path, description = "The task's id."),
        ("order" = inline(TaskOrder), Path, description = "What is to be done."),
    ),
    responses(
        (status = 200, body = TouchedBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 503, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn order_task(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, id, given)): Path<(String, Uuid, TaskOrder)>,
) -> Result<Json<TouchedBody>, Refusal> {
    order(&platform, &caller, module, id, given).await
}
