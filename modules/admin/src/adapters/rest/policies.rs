//! `/api/v1/admin/policies`: the community's own policies, proposed, approved, rejected.

use super::PROBLEM_JSON;
use crate::Admin;
use crate::domain::PolicyVersion;
use crate::usecases::{ApprovePolicies, ListPolicies, ProposePolicies, RejectPolicies};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use kernel::{Cursor, PageRequest};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes with their description.
pub(super) fn router() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(list_policies, propose_policies))
        .routes(routes!(approve_policies))
        .routes(routes!(reject_policies))
}

/// Which versions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PoliciesParams {
    /// The `next` of the answer to go on from.
    cursor: Option<String>,
    /// How many at most: 1 to 100, 20 when absent.
    limit: Option<u32>,
}

/// One version of the community's own policies.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyVersionBody {
    /// Counting from 1.
    number: i64,
    /// The policies, in Cedar.
    policies: String,
    /// The cases beside them, as they were written.
    cases: String,
    /// Why they were proposed.
    note: String,
    /// Whoever proposed them, as `user:<UUID>`.
    author: String,
    /// When.
    proposed_at: DateTime<Utc>,
    /// `proposed`, `active`, `superseded` or `rejected`.
    status: &'static str,
    /// Whoever approved or rejected them.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<DateTime<Utc>>,
}

impl From<PolicyVersion> for PolicyVersionBody {
    fn from(version: PolicyVersion) -> Self {
        Self {
            number: version.number,
            policies: version.policies,
            cases: version.cases,
            note: version.note,
            author: version.author,
            proposed_at: version.proposed_at,
            status: version.status.name(),
            decided_by: version.decided_by,
            decided_at: version.decided_at,
        }
    }
}

/// Some versions.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyVersionsBody {
    /// The newest first.
    items: Vec<PolicyVersionBody>,
    /// Where to go on from; null on the last page.
    next: Option<String>,
    /// The one in force.
    active: Option<PolicyVersionBody>,
    /// What is wrong with it as this program reads it; then the one before it is in force.
    unreadable: Option<String>,
}

/// Lists the community's own policies
///
/// Every version, with the one in force.
#[utoipa::path(
    get,
    path = "/api/v1/admin/policies",
    tag = "admin",
    params(PoliciesParams),
    responses(
        (status = 200, body = PolicyVersionsBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_policies(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListPolicies>,
    Query(params): Query<PoliciesParams>,
) -> Result<Json<PolicyVersionsBody>, Refusal> {
    let page = PageRequest { cursor: params.cursor.map(Cursor), limit: params.limit };
    let listed = admin.execute(&caller, ListPolicies { number: None, page }).await?;
    Ok(Json(PolicyVersionsBody {
        items: listed.versions.items.into_iter().map(PolicyVersionBody::from).collect(),
        next: listed.versions.next.map(|cursor| cursor.0),
        active: listed.active.map(PolicyVersionBody::from),
        unreadable: listed.unreadable,
    }))
}

/// Policies with the cases they must stand.
#[derive(Debug, Deserialize, ToSchema)]
struct ProposalBody {
    /// All of the community's own policies from then on, in Cedar, each with an `@id`.
    policies: String,
    /// A JSON list of cases, as text; empty for none.
    #[serde(default)]
    cases: String,
    /// Why, for whoever approves.
    note: String,
}

/// Proposes policies
///
/// In place of those in force. What does not fit the schema, goes beyond the limits or fails its cases is refused with
/// the lines. Nothing is in force before another administrator approves.
#[utoipa::path(
    post,
    path = "/api/v1/admin/policies",
    tag = "admin",
    request_body = ProposalBody,
    responses(
        (status = 201, body = PolicyVersionBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn propose_policies(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ProposePolicies>,
    Json(body): Json<ProposalBody>,
) -> Result<impl IntoResponse, Refusal> {
    let ProposalBody { policies, cases, note } = body;
    let proposed = admin.execute(&caller, ProposePolicies { policies, cases, note }).await?;
    Ok((StatusCode::CREATED, Json(PolicyVersionBody::from(proposed))))
}

/// Puts policies in force
///
/// Their cases are run again first. Fails with `admin.four_eyes` for whoever proposed them, unless nobody else could, and
/// with `admin.policies_decided`.
#[utoipa::path(
    post,
    path = "/api/v1/admin/policies/{number}/approval",
    tag = "admin",
    params(("number" = i64, Path, description = "The version.")),
    responses(
        (status = 200, body = PolicyVersionBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn approve_policies(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ApprovePolicies>,
    Path(number): Path<i64>,
) -> Result<Json<PolicyVersionBody>, Refusal> {
    Ok(Json(admin.execute(&caller, ApprovePolicies { number }).await?.into()))
}

/// Rejects policies
///
/// One's own too. Fails with `admin.policies_decided`.
#[utoipa::path(
    post,
    path = "/api/v1/admin/policies/{number}/rejection",
    tag = "admin",
    params(("number" = i64, Path, description = "The version.")),
    responses(
        (status = 200, body = PolicyVersionBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn reject_policies(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<RejectPolicies>,
    Path(number): Path<i64>,
) -> Result<Json<PolicyVersionBody>, Refusal> {
    Ok(Json(admin.execute(&caller, RejectPolicies { number }).await?.into()))
}
