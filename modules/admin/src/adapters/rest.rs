//! `/api/v1/admin`: JSON in, JSON out. What may not enter: a decision.
#![expect(unused_qualifications, reason = "the OpenAPI macro repeats the handlers' argument types with their paths")]

mod communities;
mod decisions;
mod flag_shapes;
mod flags;
mod policies;
mod standings;

use crate::Admin;
use crate::store::Person;
use crate::usecases::{GrantRole, ListPeople, RoleHeld};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use kernel::{Cursor, PageRequest, UserId};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal, etag, expected_version};
use serde::{Deserialize, Serialize};
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
        .merge(decisions::router())
        .merge(communities::router())
        .merge(flags::router())
        .merge(policies::router())
        .merge(standings::router())
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
