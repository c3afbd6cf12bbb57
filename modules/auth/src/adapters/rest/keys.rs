//! Keys for programs, and the accounts of programs.

use crate::Auth;
use crate::domain::KeyForm;
use crate::usecases::{
    KeyView, ListKeys, ListServiceAccounts, MadeKey, MakeKey, MakeServiceAccount, RevokeKey, ServiceAccountView,
};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Caller, Time, UserId};
use runtime::http::{Admitted, Json, Path, Problem, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<Arc<Auth>> {
    OpenApiRouter::default()
        .routes(routes!(list_keys, make_key))
        .routes(routes!(revoke_key))
        .routes(routes!(list_service_accounts, make_service_account))
        .routes(routes!(list_service_keys, make_service_key))
}

/// A new key.
#[derive(Deserialize, ToSchema)]
struct NewKeyBody {
    /// What it is for, in its owner's words.
    #[schema(example = "Nightly export", min_length = 1, max_length = 60)]
    name: String,
    /// What it may be used for: `<module>:read`, `<module>:write` (which includes reading), or operations such as
    /// `forum.post_reply`.
    #[schema(example = json!(["forum:read"]), min_items = 1, max_items = 40)]
    scopes: Vec<String>,
    /// How long it is to live, in seconds; 90 days when not said, and at most what is configured.
    expires_in_s: Option<u64>,
}

impl From<NewKeyBody> for KeyForm {
    fn from(body: NewKeyBody) -> Self {
        Self { name: body.name, scopes: body.scopes, expires_in_s: body.expires_in_s }
    }
}

/// A key, without itself.
#[derive(Serialize, ToSchema)]
struct KeyBody {
    id: Uuid,
    name: String,
    /// Its last four characters.
    #[schema(example = "x7Qa")]
    hint: String,
    /// What it may be used for.
    scopes: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// When it was used last, to within a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Time>,
    /// The address it was used from then.
    last_used_from: Option<String>,
}

impl From<KeyView> for KeyBody {
    fn from(key: KeyView) -> Self {
        Self {
            id: key.id,
            name: key.name,
            hint: key.hint,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            last_used_from: key.last_used_from,
        }
    }
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
struct MadeKeyBody {
    /// Sent with each request, as `Authorization: Bearer …`. Shown this once.
    #[schema(example = "polity_…")]
    key: String,
    #[serde(flatten)]
    rest: KeyBody,
}

/// Keys, the newest first.
#[derive(Serialize, ToSchema)]
struct KeyListBody {
    items: Vec<KeyBody>,
}

/// A new service account.
#[derive(Deserialize, ToSchema)]
struct NewServiceAccountBody {
    /// The short unique name in links and mentions.
    #[schema(example = "exporter", min_length = 3, max_length = 30)]
    handle: String,
    /// The name shown to people.
    #[schema(example = "Nightly export", min_length = 1, max_length = 60)]
    display_name: String,
}

/// The account of a program.
#[derive(Serialize, ToSchema)]
struct ServiceAccountBody {
    /// Its user id: roles are given to it like to anybody.
    id: Uuid,
    handle: String,
    display_name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// How many keys it has.
    keys: i64,
}

impl From<ServiceAccountView> for ServiceAccountBody {
    fn from(account: ServiceAccountView) -> Self {
        let ServiceAccountView { id, handle, display_name, created_at, keys } = account;
        Self { id: id.0, handle, display_name, created_at, keys }
    }
}

/// Service accounts, by handle.
#[derive(Serialize, ToSchema)]
struct ServiceAccountListBody {
    items: Vec<ServiceAccountBody>,
}

/// List my API keys
#[utoipa::path(get, path = "/api/v1/auth/keys", tag = "auth", security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "The caller's keys, the newest first.", body = KeyListBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json")))]
async fn list_keys(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ListKeys>,
) -> Result<Json<KeyListBody>, Refusal> {
    listed(&auth, &caller, None).await
}

/// Make an API key
///
/// A program that shows it acts for the caller, within the key's scopes. It cannot make keys, change passwords or end
/// log-ins. The answer is the only place where the key is ever shown.
#[utoipa::path(post, path = "/api/v1/auth/keys", tag = "auth", request_body = NewKeyBody,
    security(("bearer" = []), ("session" = [])),
    responses((status = 201, description = "The key was made.", body = MadeKeyBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.in_person`: by a key or another program.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.too_many_keys`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json")))]
async fn make_key(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<MakeKey>,
    Json(body): Json<NewKeyBody>,
) -> Result<Response, Refusal> {
    made(&auth, &caller, None, body).await
}

/// Revoke an API key
///
/// One's own; administrators may revoke anybody's. It is refused everywhere within a second. Revoking it twice is revoking
/// it once.
#[utoipa::path(delete, path = "/api/v1/auth/keys/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The key's id.")), security(("bearer" = []), ("session" = [])),
    responses((status = 204, description = "It is revoked."),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.forbidden` or `access.in_person`.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such key.", body = Problem, content_type = "application/problem+json")))]
async fn revoke_key(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RevokeKey>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, RevokeKey { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List service accounts
#[utoipa::path(get, path = "/api/v1/auth/service-accounts", tag = "auth", security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "All of them, by handle.", body = ServiceAccountListBody),
        (status = 403, description = "`access.forbidden`.", body = Problem, content_type = "application/problem+json")))]
async fn list_service_accounts(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ListServiceAccounts>,
) -> Result<Json<ServiceAccountListBody>, Refusal> {
    let accounts = auth.execute(&caller, ListServiceAccounts).await?;
    Ok(Json(ServiceAccountListBody { items: accounts.into_iter().map(ServiceAccountBody::from).collect() }))
}

/// Make a service account
///
/// An account for a program. Nobody logs in to it; it acts with keys, in the role it is given.
#[utoipa::path(post, path = "/api/v1/auth/service-accounts", tag = "auth", request_body = NewServiceAccountBody,
    security(("bearer" = []), ("session" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a retry harmless.")),
    responses((status = 201, description = "It was made.", body = ServiceAccountBody),
        (status = 403, description = "`access.forbidden` or `access.in_person`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.handle_taken`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json")))]
async fn make_service_account(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<MakeServiceAccount>,
    Json(body): Json<NewServiceAccountBody>,
) -> Result<Response, Refusal> {
    let usecase = MakeServiceAccount { handle: body.handle, display_name: body.display_name };
    let account = auth.execute(&caller, usecase).await?;
    Ok((StatusCode::CREATED, Json(ServiceAccountBody::from(account))).into_response())
}

/// List the keys of a service account
#[utoipa::path(get, path = "/api/v1/auth/service-accounts/{id}/keys", tag = "auth",
    params(("id" = Uuid, Path, description = "The service account's id.")), security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "Its keys, the newest first.", body = KeyListBody),
        (status = 403, description = "`access.forbidden`.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`auth.no_such_user`.", body = Problem, content_type = "application/problem+json")))]
async fn list_service_keys(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ListKeys>,
    Path(id): Path<UserId>,
) -> Result<Json<KeyListBody>, Refusal> {
    listed(&auth, &caller, Some(id)).await
}

/// Make a key for a service account
#[utoipa::path(post, path = "/api/v1/auth/service-accounts/{id}/keys", tag = "auth", request_body = NewKeyBody,
    params(("id" = Uuid, Path, description = "The service account's id.")), security(("bearer" = []), ("session" = [])),
    responses((status = 201, description = "The key was made.", body = MadeKeyBody),
        (status = 403, description = "`access.forbidden` or `access.in_person`.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`auth.no_such_user`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json")))]
async fn make_service_key(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<MakeKey>,
    Path(id): Path<UserId>,
    Json(body): Json<NewKeyBody>,
) -> Result<Response, Refusal> {
    made(&auth, &caller, Some(id), body).await
}

async fn listed(auth: &Auth, caller: &Caller, owner: Option<UserId>) -> Result<Json<KeyListBody>, Refusal> {
    let list = auth.execute(caller, ListKeys { owner }).await?;
    Ok(Json(KeyListBody { items: list.items.into_iter().map(KeyBody::from).collect() }))
}

async fn made(auth: &Auth, caller: &Caller, owner: Option<UserId>, body: NewKeyBody) -> Result<Response, Refusal> {
    let MadeKey { key, view } = auth.execute(caller, MakeKey { owner, form: body.into() }).await?;
    let body = MadeKeyBody { key, rest: view.into() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
