//! Sagas.
#![expect(unused_qualifications, reason = "the OpenAPI macro repeats the handlers' argument types with their paths")]

use super::PROBLEM_JSON;
use super::shapes::{SagaBody, SagaLifeBody, SilentBody, TouchedBody, silent};
use crate::Platform;
use crate::domain::TypedSagaFilter;
use crate::usecases::{GiveOrder, ListSagas, ReadSaga};
use axum::extract::State;
use kernel::{Cursor, DeskOrder, PageRequest};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
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

/// Some consecutive sagas.
#[derive(Debug, Serialize, ToSchema)]
struct SagasBody {
    /// The newest first.
    items: Vec<SagaBody>,
    /// Where to go on from; null on the last page.
    next: Option<String>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
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
    let gathered = platform.execute(&caller, ListSagas { module, filter, page }).await?;
    let items = gathered.page.items.into_iter().map(|found| SagaBody::of(found.module, found.saga)).collect();
    let next = gathered.page.next.map(|cursor| cursor.0);
    Ok(Json(SagasBody { items, next, silent: silent(gathered.silent) }))
}

/// Reads one saga's life
///
/// Fails with `platform.no_such_desk` or `platform.no_such_saga`.
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

/// What can be ordered about a saga.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::adapters) enum SagaOrder {
    /// Try the step that failed again now.
    Retry,
    /// Take the step that failed as done.
    Skip,
    /// Undo the saga now.
    Compensate,
}

impl SagaOrder {
    /// As addresses spell it.
    pub(in crate::adapters) fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Compensate => "compensate",
        }
    }

    /// As the desk takes it.
    pub(in crate::adapters) fn about(self, id: Uuid) -> DeskOrder {
        match self {
            Self::Retry => DeskOrder::RetrySaga(id),
            Self::Skip => DeskOrder::SkipStep(id),
            Self::Compensate => DeskOrder::CompensateSaga(id),
        }
    }
}

/// Orders something about a saga
///
/// `retry` tries the step that failed again now, `skip` takes it as done, `compensate` undoes the saga now.
#[utoipa::path(
    post,
    path = "/api/v1/platform/sagas/{module}/{id}/{order}",
    tag = "platform",
    params(
        ("module" = String, Path, description = "The module."),
        ("id" = Uuid, Path, description = "The saga's id."),
        ("order" = SagaOrder, Path, description = "What is to be done."),
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
    Path((module, id, order)): Path<(String, Uuid, SagaOrder)>,
) -> Result<Json<TouchedBody>, Refusal> {
    let touched = platform.execute(&caller, GiveOrder { module, order: order.about(id) }).await?;
    Ok(Json(TouchedBody { touched }))
}
