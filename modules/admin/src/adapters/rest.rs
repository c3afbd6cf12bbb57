//! `/api/v1/admin`: JSON in, JSON out. What may not enter: a decision.
#![expect(unused_qualifications, reason = "the OpenAPI macro repeats the handlers' argument types with their paths")]

mod communities;
mod flag_shapes;
mod flags;

use crate::Admin;
use crate::domain::Fact;
use crate::store::Person;
use crate::usecases::{DecisionView, ExplainDecision, GrantRole, ListPeople, RoleHeld};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use kernel::{Cursor, PageRequest, UserId};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal, etag, expected_version};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

const PROBLEM_JSON: &str = "application/problem+json";

/// The routes with their description.
pub(crate) fn router() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(list_people))
        .routes(routes!(grant_role))
        .routes(routes!(explain_decision))
        .merge(communities::router())
        .merge(flags::router())
}

/// Which people to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PeopleParams {
    /// Part of a handle or a name, in any case.
    query: Option<String>,
    /// The `next` of the answer to go on from.
    cursor: Option<String>,
    /// How many at most: 1 to 200, 50 when absent.
    limit: Option<u32>,
}

/// Somebody in the list.
#[derive(Debug, Serialize, ToSchema)]
struct PersonBody {
    /// The user's id.
    id: Uuid,
    /// The unique name, without the `@`.
    handle: String,
    /// The name shown to people.
    display_name: String,
    /// The role held.
    #[schema(example = "moderator")]
    role: &'static str,
    /// What `If-Match` on a change of the role is compared with, as `"v<number>"`.
    role_version: i64,
    /// When they registered.
    registered_at: DateTime<Utc>,
}

impl From<Person> for PersonBody {
    fn from(person: Person) -> Self {
        Self {
            id: person.id.0,
            handle: person.handle,
            display_name: person.display_name,
            role: person.role.name(),
            role_version: person.role_version,
            registered_at: person.registered_at,
        }
    }
}

/// Some consecutive people.
#[derive(Debug, Serialize, ToSchema)]
struct PeopleBody {
    /// By handle.
    items: Vec<PersonBody>,
    /// Where to go on from; null on the last page.
    next: Option<String>,
}

/// Lists people
///
/// Everybody with an account, by handle, with the role they hold.
#[utoipa::path(
    get,
    path = "/api/v1/admin/people",
    tag = "admin",
    params(PeopleParams),
    responses(
        (status = 200, body = PeopleBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_people(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListPeople>,
    Query(params): Query<PeopleParams>,
) -> Result<Json<PeopleBody>, Refusal> {
    let page = PageRequest { cursor: params.cursor.map(Cursor), limit: params.limit };
    let page = admin.execute(&caller, ListPeople { query: params.query, page }).await?;
    let next = page.next.map(|cursor| cursor.0);
    Ok(Json(PeopleBody { items: page.items.into_iter().map(PersonBody::from).collect(), next }))
}

/// The role to give.
#[derive(Debug, Deserialize, ToSchema)]
struct RoleBody {
    /// `member`, `moderator` or `administrator`.
    #[schema(example = "moderator")]
    role: String,
}

/// The role somebody holds.
#[derive(Debug, Serialize, ToSchema)]
struct RoleHeldBody {
    /// The user's id.
    id: Uuid,
    /// The role held.
    #[schema(example = "moderator")]
    role: &'static str,
    /// What `If-Match` on the next change is compared with.
    role_version: i64,
}

impl From<RoleHeld> for RoleHeldBody {
    fn from(held: RoleHeld) -> Self {
        Self { id: held.user.0, role: held.role.name(), role_version: held.version }
    }
}

/// Gives somebody a role
///
/// In place of the one they hold. Fails with `admin.no_such_role`, `admin.last_administrator`, `auth.no_such_user`, or
/// `store.stale_version` when `If-Match` names another version.
#[utoipa::path(
    put,
    path = "/api/v1/admin/people/{id}/role",
    tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The user's id."),
        ("If-Match" = Option<String>, Header, description = "The version the decision was made on, such as `\"v2\"`."),
    ),
    request_body = RoleBody,
    responses(
        (status = 200, body = RoleHeldBody, headers(("ETag" = String, description = "The new version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 412, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn grant_role(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<GrantRole>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(body): Json<RoleBody>,
) -> Result<impl IntoResponse, Refusal> {
    let expected_version = expected_version(&headers)?;
    let held = admin.execute(&caller, GrantRole { user: UserId(id), role: body.role, expected_version }).await?;
    Ok(([(header::ETAG, etag(held.version))], Json(RoleHeldBody::from(held))))
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
}

impl From<DecisionView> for DecisionBody {
    fn from(decision: DecisionView) -> Self {
        let why = decision.explanation;
        Self {
            allowed: decision.allowed,
            operation: why.operation,
            principal: why.principal,
            role: why.role,
            resource: why.resource,
            decided_by: why.decided_by,
            would_need: why.would_need,
            errors: why.errors,
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
