//! `/api/v1/platform`: JSON in, JSON out. What may not enter: a decision.

mod queues;
mod sagas;
mod schedules;
mod tasks;

use super::orders::Order;
use super::shapes::TouchedBody;
use crate::Platform;
use crate::usecases::GiveOrder;
use kernel::Caller;
use runtime::http::{Json, Refusal};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

const PROBLEM_JSON: &str = "application/problem+json";

/// The routes with their description.
pub(crate) fn router() -> OpenApiRouter<Arc<Platform>> {
    queues::router().merge(tasks::router()).merge(schedules::router()).merge(sagas::router())
}

/// Gives an order about one thing of a module.
async fn order<O: Order>(
    platform: &Platform,
    caller: &Caller,
    module: String,
    thing: O::Thing,
    order: O,
) -> Result<Json<TouchedBody>, Refusal> {
    let touched = platform.execute(caller, GiveOrder { module, order: order.about(thing) }).await?;
    Ok(Json(TouchedBody { touched }))
}
