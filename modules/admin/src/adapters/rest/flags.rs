//! `/api/v1/admin/flags`: feature flags for those who keep them.

use super::PROBLEM_JSON;
use super::flag_shapes::{
    DefinitionBody, FlagBody, FlagVersionBody, FlagVersionsBody, FlagsBody, FlagsParams, NewFlagBody, RolloutBody,
    SwitchBody, TrialBody, TryBody,
};
use crate::Admin;
use crate::domain::Context;
use crate::usecases::{
    ArchiveFlag, ChangeFlag, DefineFlag, ListFlags, ReadFlag, ReadFlagHistory, RollOutFlag, SwitchFlag, TryFlag,
};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Caller, Cursor, PageRequest};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal, etag, expected_version};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes with their description.
pub(super) fn router() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(list_flags, define_flag))
        .routes(routes!(read_flag, change_flag, archive_flag))
        .routes(routes!(switch_flag))
        .routes(routes!(roll_out_flag))
        .routes(routes!(read_flag_history))
        .routes(routes!(try_flag))
}

/// Lists flags
#[utoipa::path(
    get,
    path = "/api/v1/admin/flags",
    tag = "admin",
    params(FlagsParams),
    responses(
        (status = 200, body = FlagsBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_flags(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListFlags>,
    Query(params): Query<FlagsParams>,
) -> Result<Json<FlagsBody>, Refusal> {
    let page = PageRequest { cursor: params.cursor.map(Cursor), limit: params.limit };
    let usecase = ListFlags { query: params.query, archived: params.archived, page };
    let page = admin.execute(&caller, usecase).await?;
    let next = page.next.map(|cursor| cursor.0);
    Ok(Json(FlagsBody { items: page.items.into_iter().map(FlagBody::from).collect(), next }))
}

/// Defines a flag
///
/// One that was put away comes back with its history. Fails with `admin.flag_exists`, or with `request.invalid` and
/// what is wrong with the definition by place, such as `rules[2].conditions[0].operator`.
#[utoipa::path(
    post,
    path = "/api/v1/admin/flags",
    tag = "admin",
    request_body = NewFlagBody,
    responses(
        (status = 201, body = FlagBody, headers(("ETag" = String, description = "The version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn define_flag(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<DefineFlag>,
    Json(body): Json<NewFlagBody>,
) -> Result<Response, Refusal> {
    let usecase = DefineFlag { key: body.key, enabled: body.enabled.unwrap_or(true), definition: body.definition };
    let written = admin.execute(&caller, usecase).await?;
    let location = format!("/api/v1/admin/flags/{}", written.key);
    let shown = shown(&admin, &caller, written.key).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], shown).into_response())
}

/// Reads a flag
///
/// Also one that was put away. Its `ETag` names its version.
#[utoipa::path(
    get,
    path = "/api/v1/admin/flags/{key}",
    tag = "admin",
    params(("key" = String, Path, description = "The flag's key.")),
    responses(
        (status = 200, body = FlagBody, headers(("ETag" = String, description = "The version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn read_flag(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ReadFlag>,
    Path(key): Path<String>,
) -> Result<Response, Refusal> {
    shown(&admin, &caller, key).await
}

/// The flag as it is now, with its version as a tag.
async fn shown(admin: &Admin, caller: &Caller, key: String) -> Result<Response, Refusal> {
    let flag = admin.execute(caller, ReadFlag { key }).await?;
    Ok(([(header::ETAG, etag(flag.version))], Json(FlagBody::from(flag))).into_response())
}

/// Changes a flag
///
/// Puts another definition in the place of the one it has. Fails with `admin.flag_kind_fixed`, `admin.flag_archived`,
/// `store.stale_version` when `If-Match` names another version, or `request.invalid` with what is wrong by place.
#[utoipa::path(
    put,
    path = "/api/v1/admin/flags/{key}",
    tag = "admin",
    params(
        ("key" = String, Path, description = "The flag's key."),
        ("If-Match" = Option<String>, Header, description = "The version that was edited, such as `\"v2\"`."),
    ),
    request_body = DefinitionBody,
    responses(
        (status = 200, body = FlagBody, headers(("ETag" = String, description = "The new version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 412, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn change_flag(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ChangeFlag>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Json(body): Json<DefinitionBody>,
) -> Result<Response, Refusal> {
    let expected_version = expected_version(&headers)?;
    let written = admin.execute(&caller, ChangeFlag { key, definition: body.definition, expected_version }).await?;
    shown(&admin, &caller, written.key).await
}

/// Puts a flag away
///
/// Nobody can ask for it any more. Its history stays, and defining it again brings it back.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/flags/{key}",
    tag = "admin",
    params(
        ("key" = String, Path, description = "The flag's key."),
        ("If-Match" = Option<String>, Header, description = "The version that was looked at, such as `\"v2\"`."),
    ),
    responses(
        (status = 204),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 412, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn archive_flag(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ArchiveFlag>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let expected_version = expected_version(&headers)?;
    admin.execute(&caller, ArchiveFlag { key, expected_version }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switches a flag
///
/// Off, everybody gets the variant named `off`, whatever the rules say.
#[utoipa::path(
    put,
    path = "/api/v1/admin/flags/{key}/switch",
    tag = "admin",
    params(
        ("key" = String, Path, description = "The flag's key."),
        ("If-Match" = Option<String>, Header, description = "The version that was looked at, such as `\"v2\"`."),
    ),
    request_body = SwitchBody,
    responses(
        (status = 200, body = FlagBody, headers(("ETag" = String, description = "The new version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 412, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn switch_flag(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<SwitchFlag>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Json(body): Json<SwitchBody>,
) -> Result<Response, Refusal> {
    let expected_version = expected_version(&headers)?;
    let written = admin.execute(&caller, SwitchFlag { key, enabled: body.enabled, expected_version }).await?;
    shown(&admin, &caller, written.key).await
}

/// Rolls a flag out
///
/// Gives one share of a split another percentage, whatever a clock said of it. While it grows, whoever has the variant
/// keeps it.
#[utoipa::path(
    put,
    path = "/api/v1/admin/flags/{key}/rollout",
    tag = "admin",
    params(
        ("key" = String, Path, description = "The flag's key."),
        ("If-Match" = Option<String>, Header, description = "The version that was looked at, such as `\"v2\"`."),
    ),
    request_body = RolloutBody,
    responses(
        (status = 200, body = FlagBody, headers(("ETag" = String, description = "The new version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 412, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn roll_out_flag(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<RollOutFlag>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Json(RolloutBody { rule, share, percent }): Json<RolloutBody>,
) -> Result<Response, Refusal> {
    let expected_version = expected_version(&headers)?;
    let written = admin.execute(&caller, RollOutFlag { key, rule, share, percent, expected_version }).await?;
    shown(&admin, &caller, written.key).await
}

/// Reads a flag's history
///
/// Every version, who made it, and what it changed.
#[utoipa::path(
    get,
    path = "/api/v1/admin/flags/{key}/versions",
    tag = "admin",
    params(("key" = String, Path, description = "The flag's key.")),
    responses(
        (status = 200, body = FlagVersionsBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn read_flag_history(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ReadFlagHistory>,
    Path(key): Path<String>,
) -> Result<Json<FlagVersionsBody>, Refusal> {
    let history = admin.execute(&caller, ReadFlagHistory { key }).await?;
    Ok(Json(FlagVersionsBody { items: history.versions.into_iter().map(FlagVersionBody::from).collect() }))
}

/// Tries a flag
///
/// What it would come to for somebody made up, and what became of each of its rules. Nothing is done.
#[utoipa::path(
    post,
    path = "/api/v1/admin/flags/{key}/try",
    tag = "admin",
    params(("key" = String, Path, description = "The flag's key.")),
    request_body = TryBody,
    responses(
        (status = 200, body = TrialBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn try_flag(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<TryFlag>,
    Path(key): Path<String>,
    Json(body): Json<TryBody>,
) -> Result<Json<TrialBody>, Refusal> {
    let context = Context::parse(body.context)?;
    Ok(Json(admin.execute(&caller, TryFlag { key, context }).await?.into()))
}
