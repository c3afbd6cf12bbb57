//! `/api/v1/admin/decisions`: what the policies say, and why. What may not enter: a decision.

use super::PROBLEM_JSON;
use crate::Admin;
use crate::domain::Fact;
use crate::usecases::{DecisionView, ExplainDecision};
use axum::extract::State;
use kernel::{AttributeRead, Obstacle};
use runtime::http::{Admitted, Json, Problem, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new().routes(routes!(explain_decision))
}

/// A question about a decision.
#[derive(Debug, Deserialize, ToSchema)]
struct ExplainBody {
    /// `@handle`, a user's id, `guest`, or `service:name`.
    #[schema(example = "@ada")]
    who: String,
    /// The operation.
    #[schema(example = "forum.lock_thread")]
    operation: String,
    /// What it is about.
    resource: ResourceBody,
}

/// A resource as policies would see it.
#[derive(Debug, Deserialize, ToSchema)]
struct ResourceBody {
    /// Its kind, as the module's schema names it.
    #[schema(example = "Thread")]
    kind: String,
    /// Its id.
    id: String,
    /// What else policies look at: words, whole numbers, `true` or `false`, and people as `{"user": "<UUID>"}`.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"locked": false, "author": {"user": "00000000-0000-0000-0000-000000000001"}}))]
    attributes: BTreeMap<String, Fact>,
}

/// What the policies say, and why.
#[derive(Debug, Serialize, ToSchema)]
struct DecisionBody {
    /// Whether it may be done.
    allowed: bool,
    /// The operation asked about.
    operation: String,
    /// Whoever is asked about, as the policies see them.
    principal: String,
    /// The role they hold.
    role: String,
    /// The resource as the policies see it.
    resource: String,
    /// The policies that decided.
    decided_by: Vec<String>,
    /// The policies that speak of the operation and did not apply.
    would_need: Vec<String>,
    /// What could not be evaluated.
    errors: Vec<String>,
    /// What the policies named here looked at.
    attributes: Vec<AttributeBody>,
    /// For a refusal, what stood in the way in each of those policies, the nearest first.
    obstacles: Vec<ObstacleBody>,
    /// What would have made it pass: any one of these.
    ways: Vec<String>,
}

/// An attribute that a policy looked at.
#[derive(Debug, Serialize, ToSchema)]
struct AttributeBody {
    /// Its name.
    #[schema(example = "resource.locked")]
    name: String,
    /// What it was.
    value: String,
}

/// What stood in the way in one policy.
#[derive(Debug, Serialize, ToSchema)]
struct ObstacleBody {
    /// The policy.
    policy: String,
    /// Whether it forbade; otherwise it would have allowed, and did not apply.
    forbids: bool,
    /// The conditions that decided.
    conditions: Vec<String>,
    /// What would take it away: all of it where the policy allows, any of it where it forbids.
    #[schema(example = json!(["the role moderator or above"]))]
    remedies: Vec<String>,
}

impl From<Obstacle> for ObstacleBody {
    fn from(obstacle: Obstacle) -> Self {
        let Obstacle { policy, forbids, conditions, remedies } = obstacle;
        Self { policy, forbids, conditions, remedies: remedies.into_iter().map(|remedy| remedy.words).collect() }
    }
}

impl From<DecisionView> for DecisionBody {
    fn from(decision: DecisionView) -> Self {
        let why = decision.explanation;
        let attribute = |read: AttributeRead| AttributeBody { name: read.name, value: read.value };
        Self {
            ways: if decision.allowed { Vec::new() } else { why.ways() },
            allowed: decision.allowed,
            operation: why.operation,
            principal: why.principal,
            role: why.role,
            resource: why.resource,
            decided_by: why.decided_by,
            would_need: why.would_need,
            errors: why.errors,
            attributes: why.attributes.into_iter().map(attribute).collect(),
            obstacles: why.obstacles.into_iter().map(ObstacleBody::from).collect(),
        }
    }
}

/// Explains a decision
///
/// What the policies say about somebody, an operation and a resource, and why. Nothing is done. The resource is taken as
/// it is described here; people are asked about in the role they hold now, as if they had logged in.
#[utoipa::path(
    post,
    path = "/api/v1/admin/decisions/explain",
    tag = "admin",
    request_body = ExplainBody,
    responses(
        (status = 200, body = DecisionBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn explain_decision(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ExplainDecision>,
    Json(body): Json<ExplainBody>,
) -> Result<Json<DecisionBody>, Refusal> {
    let ResourceBody { kind, id, attributes } = body.resource;
    let question = ExplainDecision { who: body.who, operation: body.operation, kind, id, attributes };
    Ok(Json(admin.execute(&caller, question).await?.into()))
}
