//! The life of accounts: suspended, restored, deleted by whoever runs the community, or left by their owners.

use super::AccountBody;
use crate::Auth;
use crate::domain::TypedSecret;
use crate::usecases::{DeleteMyAccount, DeleteUser, KnownAccount, ReadAccount, RestoreUser, SuspendUser};
use axum::extract::State;
use axum::http::StatusCode;
use kernel::{Time, UserId};
use runtime::http::{Admitted, Json, Path, Problem, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<Arc<Auth>> {
    OpenApiRouter::default()
        .routes(routes!(read_user))
        .routes(routes!(suspend_user))
        .routes(routes!(restore_user))
        .routes(routes!(delete_user))
        .routes(routes!(delete_me))
}

/// Why somebody is shut out, and for how long.
#[derive(Deserialize, ToSchema)]
struct SuspensionBody {
    /// Why, in words that its owner reads.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// When it ends; for good when not said.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

/// Why an account is deleted.
#[derive(Deserialize, ToSchema)]
struct DeletionBody {
    /// Why, in words that its owner reads.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
}

/// The wish to leave.
#[derive(Deserialize, ToSchema)]
struct LeaveBody {
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    current_password: TypedSecret,
}

/// When an account is gone.
#[derive(Serialize, ToSchema)]
struct LeavingBody {
    /// When it is gone for good. Logging in before takes it back.
    #[schema(value_type = String, format = DateTime)]
    until: Time,
}

/// What stands against the use of an account.
#[derive(Serialize, ToSchema)]
struct AccountStateBody {
    /// `suspended`, `leaving` when it is about to be deleted, or `gone`.
    #[schema(example = "suspended")]
    state: String,
    reason: Option<String>,
    /// Who decided it.
    decided_by: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// When the suspension ends, or the account is gone; null is never.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

/// An account, as whoever runs the community sees it.
#[derive(Serialize, ToSchema)]
struct UserBody {
    #[serde(flatten)]
    account: AccountBody,
    /// Null while nothing stands against its use.
    barred: Option<AccountStateBody>,
}

impl From<KnownAccount> for UserBody {
    fn from(known: KnownAccount) -> Self {
        let barred = known.state.map(|state| AccountStateBody {
            state: state.bar,
            reason: state.reason,
            decided_by: state.decided_by.map(|id| id.0),
            since: state.since,
            until: state.until,
        });
        Self { account: known.account.into(), barred }
    }
}

/// Read an account
#[utoipa::path(
    get,
    path = "/api/v1/auth/users/{id}",
    tag = "auth",
    params(("id" = Uuid, Path, description = "The user's id.")),
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "The account.", body = UserBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.forbidden`.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`auth.no_such_user`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn read_user(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ReadAccount>,
    Path(user): Path<UserId>,
) -> Result<Json<UserBody>, Refusal> {
    Ok(Json(auth.execute(&caller, ReadAccount { user }).await?.into()))
}

/// Suspend somebody
///
/// Ends their log-ins at once. They read the reason when they log in, and in a mail.
#[utoipa::path(
    put,
    path = "/api/v1/auth/users/{id}/suspension",
    tag = "auth",
    params(("id" = Uuid, Path, description = "The user's id.")),
    request_body = SuspensionBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "The account.", body = UserBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.forbidden`; also for whoever means themselves.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`auth.no_such_user`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.runs_the_community` or `auth.account_leaving`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn suspend_user(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<SuspendUser>,
    Path(user): Path<UserId>,
    Json(body): Json<SuspensionBody>,
) -> Result<Json<UserBody>, Refusal> {
    let usecase = SuspendUser { user, reason: body.reason, until: body.until };
    Ok(Json(auth.execute(&caller, usecase).await?.into()))
}

/// Restore an account
///
/// Ends a suspension, or takes a deletion back. Restoring twice is restoring once.
#[utoipa::path(
    post,
    path = "/api/v1/auth/users/{id}/restoration",
    tag = "auth",
    params(("id" = Uuid, Path, description = "The user's id.")),
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "The account.", body = UserBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.forbidden`.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`auth.no_such_user`, also when it is gone for good.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn restore_user(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RestoreUser>,
    Path(user): Path<UserId>,
) -> Result<Json<UserBody>, Refusal> {
    Ok(Json(auth.execute(&caller, RestoreUser { user }).await?.into()))
}

/// Delete somebody's account
///
/// It is shut at once, and gone for good after `auth.deletion_grace_days`. Until then it can be restored.
#[utoipa::path(
    put,
    path = "/api/v1/auth/users/{id}/deletion",
    tag = "auth",
    params(("id" = Uuid, Path, description = "The user's id.")),
    request_body = DeletionBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "The account.", body = UserBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.forbidden`.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`auth.no_such_user`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.runs_the_community`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn delete_user(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<DeleteUser>,
    Path(user): Path<UserId>,
    Json(body): Json<DeletionBody>,
) -> Result<Json<UserBody>, Refusal> {
    Ok(Json(auth.execute(&caller, DeleteUser { user, reason: body.reason }).await?.into()))
}

/// Delete my account
///
/// It is shut at once, and gone for good after `auth.deletion_grace_days`. Logging in until then takes it back.
#[utoipa::path(
    put,
    path = "/api/v1/auth/me/deletion",
    tag = "auth",
    request_body = LeaveBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 202, description = "Every log-in has ended.", body = LeavingBody),
        (status = 401, description = "`auth.credentials_rejected`: the password is wrong; or `access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.runs_the_community`.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_guesses` or `auth.busy`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn delete_me(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<DeleteMyAccount>,
    Json(body): Json<LeaveBody>,
) -> Result<(StatusCode, Json<LeavingBody>), Refusal> {
    let until = auth.execute(&caller, DeleteMyAccount { password: body.current_password }).await?;
    Ok((StatusCode::ACCEPTED, Json(LeavingBody { until })))
}
