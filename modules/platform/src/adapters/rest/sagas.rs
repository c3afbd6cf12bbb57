//! Sagas.
#![expect(unused_qualifications, reason = "the OpenAPI macro repeats the handlers' argument types with their paths")]

use super::{PROBLEM_JSON, order};
use crate::Platform;
use crate::adapters::orders::SagaOrder;
use crate::adapters::shapes::{SagaLifeBody, SagasBody, TouchedBody};
use crate::domain::TypedSagaFilter;
use crate::usecases::{GiveOrder, ListSagas, ReadSaga};
use axum::extract::State;
use kernel::{Cursor, PageRequest};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new().routes(routes!(list_sagas)).routes(routes!(read_saga)).routes(routes!(order_saga))
}

/// Which sagas to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SagaParams {
    /// Only this module's.
    module: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// With this correlation id.
    correlation: Option<String>,
    /// `running`, `waiting`, `stuck`, `compensating`, `done` or `undone`.
    state: Option<String>,
    /// The `next` of the answer to go on from.
    cursor: Option<String>,
    /// How many at most: 1 to 200, 50 when absent.
    limit: Option<u32>,
}

/// Lists sagas
///
/// Of every module or of one, the newest first. `state=stuck` lists those that need somebody, with the step that fails,
/// its error and the next attempt.
#[utoipa::path(
    get,
    path = "/api/v1/platform/sagas",
    tag = "platform",
    params(SagaParams),
    responses(
        (status = 200, body = SagasBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_sagas(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ListSagas>,
    Query(params): Query<SagaParams>,
) -> Result<Json<SagasBody>, Refusal> {
    let SagaParams { module, kind, correlation, state, cursor, limit } = params;
    let filter = TypedSagaFilter { kind, correlation, state };
    let page = PageRequest { cursor: cursor.map(Cursor), limit };
    Ok(Json(platform.execute(&caller, ListSagas { module, filter, page }).await?.into()))
}

/// Reads one saga's life
///
/// Fails with `platform.no_such_desk` or `saga.not_found`.
#[utoipa::path(
    get,
    path = "/api/v1/platform/sagas/{module}/{id}",
    tag = "platform",
    params(("module" = String, Path, description = "The module."), ("id" = Uuid, Path, description = "The saga's id.")),
    responses(
        (status = 200, body = SagaLifeBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 503, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn read_saga(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ReadSaga>,
    Path((module, id)): Path<(String, Uuid)>,
) -> Result<Json<SagaLifeBody>, Refusal> {
    let life = platform.execute(&caller, ReadSaga { module: module.clone(), id }).await?;
    Ok(Json(SagaLifeBody::of(module, life)))
}

/// Orders something about a saga
///
/// `retry` tries the step that failed again now, or orders the step under way once more when none has failed: its task
/// may have been cancelled. `skip` takes the step that failed as dealt with, on the way forward as done, on the way back
/// as undone. `compensate` undoes the saga now.
#[utoipa::path(
    post,
    path = "/api/v1/platform/sagas/{module}/{id}/{order}",
    tag = "platform",
    params(
        ("module" = String, Path, description = "The module."),
        ("id" = Uuid, Path, description = "The saga's id."),
        ("order" = inline(SagaOrder), Path, description = "What is to be done."),
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
async fn order_saga(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, id, given)): Path<(String, Uuid, SagaOrder)>,
) -> Result<Json<TouchedBody>, Refusal> {
    order(&platform, &caller, module, id, given).await
}
