//! `/api/v1/admin/communities`: communities for whoever runs the installation; `/api/v1/admin/tenant` for the caller's
//! own.

use super::PROBLEM_JSON;
use crate::Admin;
use crate::domain::{CommunityRow, ProfileForm};
use crate::usecases::{
    ChangeCommunity, ChangeProfile, CreateCommunity, ListCommunities, PutCommunity, ReadCommunity, ReadTenant,
};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::{Cursor, PageRequest};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal, etag, expected_version};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// The routes with their description.
pub(super) fn router() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(list_communities, create_community))
        .routes(routes!(read_community, change_community))
        .routes(routes!(put_community))
        .routes(routes!(read_tenant, change_profile))
}

/// Which communities to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CommunitiesParams {
    /// The `next` of the answer to go on from.
    cursor: Option<String>,
    /// How many at most: 1 to 200, 50 when absent.
    limit: Option<u32>,
}

/// What a community is to be.
#[derive(Debug, Deserialize, ToSchema)]
struct CommunityProfileBody {
    /// Its short name: 2 to 40 letters, digits and hyphens. Its host is this name in front of the installation's.
    #[schema(example = "garden")]
    slug: String,
    /// What people call it.
    #[schema(example = "The Garden")]
    name: String,
    /// Where its data is kept; empty when that does not matter.
    #[serde(default)]
    region: String,
    /// The hosts that lead to it, the one in links first.
    #[serde(default)]
    #[schema(example = json!(["garden.example"]))]
    domains: Vec<String>,
    /// The colour of its buttons, as `#1f5fbf`; empty for the usual one. White words must be readable on it.
    #[serde(default)]
    accent: String,
    /// How many people may have an account in it; absent for any number.
    member_limit: Option<i64>,
    /// How many requests it may make in a minute; absent for any number.
    requests_per_minute: Option<i64>,
}

impl CommunityProfileBody {
    fn form(self) -> (String, ProfileForm) {
        let Self { slug, name, region, domains, accent, member_limit, requests_per_minute } = self;
        (slug, ProfileForm { name, region, domains, accent, member_limit, requests_per_minute })
    }
}

/// A community, for whoever runs the installation.
#[derive(Debug, Serialize, ToSchema)]
struct CommunityBody {
    /// Its id.
    id: Uuid,
    /// Its short name.
    slug: String,
    /// What people call it.
    name: String,
    /// Where its data is kept; empty when that does not matter.
    region: String,
    /// The hosts that lead to it, the one in links first.
    domains: Vec<String>,
    /// The colour of its buttons; null for the usual one.
    accent: Option<String>,
    /// How many people may have an account in it; null for any number.
    member_limit: Option<i64>,
    /// How many requests it may make in a minute; null for any number.
    requests_per_minute: Option<i64>,
    /// `active`, `read_only`, `suspended` or `leaving`.
    state: String,
    /// Until when it can be brought back, while it is being removed.
    leaving_at: Option<DateTime<Utc>>,
    /// Its version, from 1.
    version: i64,
}

impl From<CommunityRow> for CommunityBody {
    fn from(row: CommunityRow) -> Self {
        let profile = row.profile;
        Self {
            id: row.id.0,
            slug: row.slug,
            name: profile.name,
            region: profile.region,
            domains: profile.domains,
            accent: profile.accent,
            member_limit: profile.member_limit,
            requests_per_minute: profile.requests_per_minute,
            state: row.state,
            leaving_at: row.leaving_at,
            version: row.version,
        }
    }
}

/// A page of communities.
#[derive(Debug, Serialize, ToSchema)]
struct CommunitiesBody {
    /// In the order of their short names.
    items: Vec<CommunityBody>,
    /// The cursor of the next page; null at the end.
    next: Option<String>,
}

fn tagged(community: CommunityRow) -> Response {
    ([(header::ETAG, etag(community.version))], Json(CommunityBody::from(community))).into_response()
}

/// Lists communities
#[utoipa::path(
    get,
    path = "/api/v1/admin/communities",
    tag = "admin",
    params(CommunitiesParams),
    responses(
        (status = 200, body = CommunitiesBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_communities(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListCommunities>,
    Query(params): Query<CommunitiesParams>,
) -> Result<Json<CommunitiesBody>, Refusal> {
    let page = PageRequest { cursor: params.cursor.map(Cursor), limit: params.limit };
    let page = admin.execute(&caller, ListCommunities { page }).await?;
    let next = page.next.map(|cursor| cursor.0);
    Ok(Json(CommunitiesBody { items: page.items.into_iter().map(CommunityBody::from).collect(), next }))
}

/// Makes a community
///
/// Nobody is in it yet; `polity auth setup-link --community <slug>` makes the link its first administrator starts with.
/// Fails with `admin.slug_taken`, `admin.domain_taken`, or `request.invalid` and every field that is wrong.
#[utoipa::path(
    post,
    path = "/api/v1/admin/communities",
    tag = "admin",
    request_body = CommunityProfileBody,
    responses(
        (status = 201, body = CommunityBody, headers(("ETag" = String, description = "The version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn create_community(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<CreateCommunity>,
    Json(body): Json<CommunityProfileBody>,
) -> Result<Response, Refusal> {
    let (slug, profile) = body.form();
    let made = admin.execute(&caller, CreateCommunity { slug, profile }).await?;
    let location = format!("/api/v1/admin/communities/{}", made.slug);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], tagged(made)).into_response())
}

/// Reads a community
#[utoipa::path(
    get,
    path = "/api/v1/admin/communities/{community}",
    tag = "admin",
    params(("community" = String, Path, description = "Its short name or its id.")),
    responses(
        (status = 200, body = CommunityBody, headers(("ETag" = String, description = "The version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn read_community(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ReadCommunity>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    Ok(tagged(admin.execute(&caller, ReadCommunity { name }).await?))
}

/// Changes a community
///
/// Its whole profile. Fails with `admin.slug_taken`, `admin.domain_taken`, `store.stale_version` when `If-Match` names
/// another version, or `request.invalid` and every field that is wrong.
#[utoipa::path(
    put,
    path = "/api/v1/admin/communities/{community}",
    tag = "admin",
    params(
        ("community" = String, Path, description = "Its short name or its id."),
        ("If-Match" = Option<String>, Header, description = "The version that was edited, such as `\"v2\"`."),
    ),
    request_body = CommunityProfileBody,
    responses(
        (status = 200, body = CommunityBody, headers(("ETag" = String, description = "The new version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 412, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn change_community(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ChangeCommunity>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Json(body): Json<CommunityProfileBody>,
) -> Result<Response, Refusal> {
    let (slug, profile) = body.form();
    let expected_version = expected_version(&headers)?;
    Ok(tagged(admin.execute(&caller, ChangeCommunity { name, slug, profile, expected_version }).await?))
}

/// What may be done in a community.
#[derive(Debug, Deserialize, ToSchema)]
struct CommunityStateBody {
    /// `active`, `read_only`, `suspended` or `leaving`.
    #[schema(example = "read_only")]
    state: String,
}

/// Opens or closes a community
///
/// Fails with `admin.first_community` where the installation could no longer be run.
#[utoipa::path(
    put,
    path = "/api/v1/admin/communities/{community}/state",
    tag = "admin",
    params(
        ("community" = String, Path, description = "Its short name or its id."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen, such as `\"v2\"`."),
    ),
    request_body = CommunityStateBody,
    responses(
        (status = 200, body = CommunityBody, headers(("ETag" = String, description = "The new version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 412, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn put_community(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<PutCommunity>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Json(CommunityStateBody { state }): Json<CommunityStateBody>,
) -> Result<Response, Refusal> {
    let expected_version = expected_version(&headers)?;
    Ok(tagged(admin.execute(&caller, PutCommunity { name, state, expected_version }).await?))
}

/// The caller's community.
#[derive(Debug, Serialize, ToSchema)]
struct TenantBody {
    /// Its id.
    id: Uuid,
    /// Its short name.
    slug: String,
    /// Its name.
    name: String,
    /// Where its data is kept; empty when nobody said.
    region: String,
    /// The colour of its buttons; null for the usual one.
    accent: Option<String>,
    /// `active` or `read_only`.
    state: String,
    /// Its version, from 1.
    version: i64,
}

fn own(row: CommunityRow) -> Response {
    let CommunityRow { id, slug, profile, state, version, .. } = row;
    let (name, region, accent) = (profile.name, profile.region, profile.accent);
    let body = TenantBody { id: id.0, slug, name, region, accent, state, version };
    ([(header::ETAG, etag(version))], Json(body)).into_response()
}

/// Reads the community
#[utoipa::path(
    get,
    path = "/api/v1/admin/tenant",
    tag = "admin",
    responses(
        (status = 200, body = TenantBody, headers(("ETag" = String, description = "The version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn read_tenant(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ReadTenant>,
) -> Result<Response, Refusal> {
    Ok(own(admin.execute(&caller, ReadTenant {}).await?))
}

/// What the caller's community is to be called and to look like.
#[derive(Debug, Deserialize, ToSchema)]
struct LookBody {
    /// What people call it.
    #[schema(example = "The Garden")]
    name: String,
    /// The colour of its buttons, as `#1f5fbf`; empty for the usual one. White words must be readable on it.
    #[serde(default)]
    accent: String,
}

/// Changes the community's name and look
///
/// Fails with `store.stale_version` when `If-Match` names another version, or `request.invalid` and what is wrong.
#[utoipa::path(
    put,
    path = "/api/v1/admin/tenant",
    tag = "admin",
    params(("If-Match" = Option<String>, Header, description = "The version that was edited, such as `\"v2\"`.")),
    request_body = LookBody,
    responses(
        (status = 200, body = TenantBody, headers(("ETag" = String, description = "The new version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 412, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn change_profile(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ChangeProfile>,
    headers: HeaderMap,
    Json(LookBody { name, accent }): Json<LookBody>,
) -> Result<Response, Refusal> {
    let expected_version = expected_version(&headers)?;
    Ok(own(admin.execute(&caller, ChangeProfile { name, accent, expected_version }).await?))
}
