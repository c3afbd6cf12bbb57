//! `/api/v1/admin/standings`: the community's own roles, its groups, and who holds them.

use super::PROBLEM_JSON;
use crate::Admin;
use crate::domain::{Held, Standing};
use crate::usecases::{DefineStanding, GiveStanding, ListStandings, StandingView, TakeStanding};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use runtime::http::{Admitted, Json, Path, Problem, Refusal, etag, expected_version};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes with their description.
pub(super) fn router() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(list_standings))
        .routes(routes!(define_standing))
        .routes(routes!(give_standing, take_standing))
}

/// Whoever holds a role, or is in a group.
#[derive(Debug, Serialize, ToSchema)]
struct HeldBody {
    /// `user:` and an id, or `group:` and a name.
    holder: String,
    /// From when on it is not held any more; null for good.
    ends_at: Option<DateTime<Utc>>,
}

impl From<Held> for HeldBody {
    fn from(held: Held) -> Self {
        Self { holder: held.holder, ends_at: held.ends_at }
    }
}

/// A role that the community made up, or a group of its people.
#[derive(Debug, Serialize, ToSchema)]
struct StandingBody {
    /// `role` or `group`.
    kind: &'static str,
    /// What policies call it.
    name: String,
    /// What it is for.
    about: String,
    /// What a role lets its holders do.
    operations: Vec<String>,
    /// What `If-Match` on a change is compared with, as `"v<number>"`.
    version: i64,
}

impl From<Standing> for StandingBody {
    fn from(standing: Standing) -> Self {
        Self {
            kind: standing.kind.name(),
            name: standing.name.as_str().to_owned(),
            about: standing.about,
            operations: standing.operations,
            version: standing.version,
        }
    }
}

/// A role or a group with its holders.
#[derive(Debug, Serialize, ToSchema)]
struct StandingWithHoldersBody {
    /// What it is.
    standing: StandingBody,
    /// The first 200 of its holders.
    holders: Vec<HeldBody>,
}

impl From<StandingView> for StandingWithHoldersBody {
    fn from(view: StandingView) -> Self {
        let holders = view.holders.into_iter().map(HeldBody::from).collect();
        Self { standing: view.standing.into(), holders }
    }
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
struct StandingsBody {
    /// Roles before groups, each by name.
    items: Vec<StandingWithHoldersBody>,
    /// Moderators by grant: for a time, or through a group.
    moderators: Vec<HeldBody>,
}

/// Lists roles and groups
///
/// The community's own ones, with what they let people do and who holds them.
#[utoipa::path(
    get,
    path = "/api/v1/admin/standings",
    tag = "admin",
    responses(
        (status = 200, body = StandingsBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_standings(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListStandings>,
) -> Result<Json<StandingsBody>, Refusal> {
    let standings = admin.execute(&caller, ListStandings {}).await?;
    Ok(Json(StandingsBody {
        items: standings.all.into_iter().map(StandingWithHoldersBody::from).collect(),
        moderators: standings.moderators.into_iter().map(HeldBody::from).collect(),
    }))
}

/// A role or a group.
#[derive(Debug, Deserialize, ToSchema)]
struct DefinitionOfStanding {
    /// What it is for.
    #[serde(default)]
    about: String,
    /// What a role lets its holders do; nothing for a group.
    #[serde(default)]
    #[schema(example = json!(["forum.lock_thread", "forum.unlock_thread"]))]
    operations: Vec<String>,
}

/// Makes up or changes a role or a group
///
/// A role lists operations that its maker may do to anything of the community. Fails with `admin.escalation` when one of
/// them is not theirs, `admin.built_in_role`, or `store.stale_version` when `If-Match` names another version.
#[utoipa::path(
    put,
    path = "/api/v1/admin/standings/{kind}/{name}",
    tag = "admin",
    params(
        ("kind" = String, Path, description = "`role` or `group`."),
        ("name" = String, Path, description = "1 to 60 small letters, digits and hyphens."),
        ("If-Match" = Option<String>, Header, description = "The version the decision was made on, such as `\"v2\"`."),
    ),
    request_body = DefinitionOfStanding,
    responses(
        (status = 200, body = StandingBody, headers(("ETag" = String, description = "The new version."))),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 412, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn define_standing(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<DefineStanding>,
    Path((kind, name)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<DefinitionOfStanding>,
) -> Result<impl IntoResponse, Refusal> {
    let expected_version = expected_version(&headers)?;
    let DefinitionOfStanding { about, operations } = body;
    let standing = DefineStanding { kind, name, about, operations, expected_version };
    let standing = admin.execute(&caller, standing).await?;
    Ok(([(header::ETAG, etag(standing.version))], Json(StandingBody::from(standing))))
}

/// Until when.
#[derive(Debug, Deserialize, ToSchema)]
struct GivingBody {
    /// From when on it is not held any more; for good when absent.
    ends_at: Option<DateTime<Utc>>,
}

/// Gives a role, or takes somebody into a group
///
/// In place of what was given before. `moderator` can be given too, for a time or to a group. Fails with
/// `admin.escalation` when it gives more than the caller has, `admin.no_such_standing`, `auth.no_such_user`.
#[utoipa::path(
    put,
    path = "/api/v1/admin/standings/{kind}/{name}/holders/{holder}",
    tag = "admin",
    params(
        ("kind" = String, Path, description = "`role` or `group`."),
        ("name" = String, Path, description = "Which."),
        ("holder" = String, Path, description = "`user:` and an id, or `group:` and a name."),
    ),
    request_body = GivingBody,
    responses(
        (status = 200, body = HeldBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn give_standing(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<GiveStanding>,
    Path((kind, name, holder)): Path<(String, String, String)>,
    Json(body): Json<GivingBody>,
) -> Result<Json<HeldBody>, Refusal> {
    let held = admin.execute(&caller, GiveStanding { kind, name, holder, ends_at: body.ends_at }).await?;
    Ok(Json(held.into()))
}

/// Takes a role away, or somebody out of a group
///
/// What is not held is taken already.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/standings/{kind}/{name}/holders/{holder}",
    tag = "admin",
    params(
        ("kind" = String, Path, description = "`role` or `group`."),
        ("name" = String, Path, description = "Which."),
        ("holder" = String, Path, description = "`user:` and an id, or `group:` and a name."),
    ),
    responses(
        (status = 204),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn take_standing(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<TakeStanding>,
    Path((kind, name, holder)): Path<(String, String, String)>,
) -> Result<StatusCode, Refusal> {
    admin.execute(&caller, TakeStanding { kind, name, holder }).await?;
    Ok(StatusCode::NO_CONTENT)
}
