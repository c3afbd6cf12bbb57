//! Schedules.

use super::queues::ModuleParams;
use super::{PROBLEM_JSON, order};
use crate::Platform;
use crate::adapters::orders::ScheduleOrder;
use crate::adapters::shapes::{SchedulesBody, TouchedBody};
use crate::usecases::{GiveOrder, ListSchedules};
use axum::extract::State;
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new().routes(routes!(list_schedules)).routes(routes!(order_schedule))
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
    Ok(Json(platform.execute(&caller, ListSchedules { module }).await?.into()))
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
        ("order" = inline(ScheduleOrder), Path, description = "What is to be done."),
    ),
    responses(
        (status = 200, body = TouchedBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
        (status = 503, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn order_schedule(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, name, given)): Path<(String, String, ScheduleOrder)>,
) -> Result<Json<TouchedBody>, Refusal> {
    order(&platform, &caller, module, name, given).await
}
