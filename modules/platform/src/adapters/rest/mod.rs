//! `/api/v1/platform`: JSON in, JSON out. What may not enter: a decision.

mod queues;
pub(super) mod sagas;
pub(super) mod schedules;
mod shapes;
mod tasks;

use crate::Platform;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

const PROBLEM_JSON: &str = "application/problem+json";

/// The routes with their description.
pub(crate) fn router() -> OpenApiRouter<Arc<Platform>> {
    queues::router().merge(tasks::router()).merge(schedules::router()).merge(sagas::router())
}
