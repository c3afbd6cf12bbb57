//! `/api/v1/audit`: the record in JSON, and the evidence that it is the one that was signed. What may not enter: a
//! decision.

mod entries;
mod evidence;

use crate::Audit;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

const PROBLEM_JSON: &str = "application/problem+json";

/// The routes with their description.
pub(crate) fn router() -> OpenApiRouter<Arc<Audit>> {
    entries::router().merge(evidence::router())
}
