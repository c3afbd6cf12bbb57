//! REST under `/api/v1/auth`, and the public key under `/.well-known`.

mod invitations;
mod keys;
mod profiles;
mod recovery;
mod second_factors;
mod users;

use crate::Auth;
use crate::domain::{AccountForm, CHALLENGE_LIFETIME, TypedSecret};
use crate::usecases::{
    AccountView, IssueTokens, IssuedTokens, ListSessions, LogInStep, LogOut, LogOutElsewhere, ReadMe, RefreshTokens,
    Register, SessionView,
};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Cursor, PageRequest, SessionId, Time};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(crate) fn router() -> OpenApiRouter<Arc<Auth>> {
    OpenApiRouter::default()
        .routes(routes!(register))
        .routes(routes!(issue_tokens))
        .routes(routes!(refresh_tokens))
        .routes(routes!(me))
        .routes(routes!(list_sessions, end_other_sessions))
        .routes(routes!(end_session))
        .routes(routes!(jwks))
        .merge(recovery::router())
        .merge(invitations::router())
        .merge(keys::router())
        .merge(users::router())
        .merge(profiles::router())
        .merge(second_factors::router())
}

/// A new account.
#[derive(Deserialize, ToSchema)]
struct RegisterBody {
    /// The e-mail address, in any case.
    #[schema(example = "ada@example.org", max_length = 254)]
    email: String,
    /// The short unique name in links and mentions: 3 to 30 of a–z, 0–9, `_` and `-`, beginning with a letter.
    #[schema(example = "ada", min_length = 3, max_length = 30)]
    handle: String,
    /// The name shown to people.
    #[schema(example = "Ada Lovelace", min_length = 1, max_length = 60)]
    display_name: String,
    /// The password.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 200)]
    password: TypedSecret,
    /// What follows the last slash of an invitation's link; needed where accounts are made by invitation.
    #[serde(default)]
    #[schema(value_type = String, format = Password)]
    invitation: TypedSecret,
}

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
struct AccountBody {
    id: Uuid,
    handle: String,
    display_name: String,
    email: String,
    /// Whether the account's owner has shown that they read the mail of that address.
    email_proven: bool,
}

impl From<AccountView> for AccountBody {
    fn from(account: AccountView) -> Self {
        let AccountView { id, handle, display_name, email, email_proven, .. } = account;
        Self { id: id.0, handle, display_name, email, email_proven }
    }
}

/// The caller's own account.
#[derive(Serialize, ToSchema)]
struct MeBody {
    #[serde(flatten)]
    account: AccountBody,
    /// The mightiest role held: `member`, `moderator` or `administrator`.
    #[schema(example = "member")]
    role: &'static str,
}

/// What somebody knows who has an account.
#[derive(Deserialize, ToSchema)]
struct CredentialsBody {
    /// The e-mail address, in any case.
    #[schema(example = "ada@example.org")]
    email: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: TypedSecret,
}

/// A log-in that is to go on.
#[derive(Deserialize, ToSchema)]
struct RefreshBody {
    /// The refresh token given out last.
    #[schema(value_type = String, format = Password)]
    refresh_token: TypedSecret,
}

/// What a client acts with.
#[derive(Serialize, ToSchema)]
struct TokensBody {
    /// Sent with each request, as `Authorization: Bearer …`.
    access_token: String,
    /// Exchanged for new tokens once the access token has expired. Works once; a second use ends the log-in.
    refresh_token: String,
    /// How long the access token is good for, in seconds.
    expires_in_s: i64,
    /// How the access token is sent: always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
}

/// A log-in that waits for its second factor.
#[derive(Serialize, ToSchema)]
struct ChallengeBody {
    /// Sent back with a code. Works once.
    challenge: String,
    /// How long there is to send it, in seconds.
    expires_in_s: i64,
}

/// One log-in.
#[derive(Serialize, ToSchema)]
struct SessionBody {
    id: Uuid,
    /// `browser` for one with a session cookie, `api` for one with tokens.
    #[schema(example = "browser")]
    kind: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was used last, to within a few minutes.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Time,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// What the client called itself when it logged in.
    user_agent: Option<String>,
    /// The address it logged in from.
    address: Option<String>,
    /// Whether it is the one this request came through.
    current: bool,
}

impl From<SessionView> for SessionBody {
    fn from(session: SessionView) -> Self {
        Self {
            id: session.id.0,
            kind: if session.is_browser { "browser" } else { "api" },
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent,
            address: session.address,
            current: session.current,
        }
    }
}

/// Some log-ins.
#[derive(Serialize, ToSchema)]
struct SessionList {
    items: Vec<SessionBody>,
    /// Where to go on from; null on the last page.
    next: Option<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Where to go on from: `next` of the page before.
    cursor: Option<String>,
    /// How many log-ins at most: 1 to 100, 50 when not said.
    limit: Option<u32>,
}

/// Make an account
///
/// Open to anybody while registration is; otherwise to whoever has an invitation. Send an `Idempotency-Key` to make a retry harmless.
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    tag = "auth",
    request_body = RegisterBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a retry harmless.")),
    responses(
        (status = 201, description = "The account was made.", body = AccountBody,
            headers(("Location" = String, description = "Where the account is."))),
        (status = 202, description = "Where addresses must be proven first: a mail is on its way, to whoever reads that address."),
        (status = 403, description = "`auth.registration_closed`, `auth.invitation_needed`, or the caller has an account already.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.email_taken`, `auth.handle_taken` or `auth.invitation_spent`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.busy`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn register(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<Register>,
    Json(body): Json<RegisterBody>,
) -> Result<Response, Refusal> {
    let RegisterBody { email, handle, display_name, password, invitation } = body;
    let form = AccountForm { email, handle, display_name, password };
    let Some(account) = auth.execute(&caller, Register { form, invitation }).await? else {
        return Ok(StatusCode::ACCEPTED.into_response());
    };
    let location = [(header::LOCATION, "/api/v1/auth/me")];
    Ok((StatusCode::CREATED, location, Json(AccountBody::from(account))).into_response())
}

/// Log in
///
/// Exchanges an e-mail address and a password for tokens.
#[utoipa::path(
    post,
    path = "/api/v1/auth/tokens",
    tag = "auth",
    request_body = CredentialsBody,
    responses(
        (status = 200, description = "Logged in.", body = TokensBody),
        (status = 202, description = "The password is right, and the account has a second factor.", body = ChallengeBody),
        (status = 401, description = "`auth.credentials_rejected`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`auth.email_unproven` or `auth.suspended`; the detail says why.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.account_leaving`: it was deleted by somebody else.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_guesses` or `auth.busy`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn issue_tokens(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<IssueTokens>,
    Json(body): Json<CredentialsBody>,
) -> Result<Response, Refusal> {
    let usecase = IssueTokens { email: body.email, password: body.password };
    Ok(match auth.execute(&caller, usecase).await? {
        LogInStep::Done(issued) => tokens(issued),
        LogInStep::SecondFactor(challenge) => {
            let body = ChallengeBody { challenge, expires_in_s: CHALLENGE_LIFETIME.num_seconds() };
            (StatusCode::ACCEPTED, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
    })
}

/// Stay logged in
///
/// Exchanges a refresh token for new tokens. Each one works once. Showing one twice ends the log-in, because one of the
/// two who showed it must have stolen it.
#[utoipa::path(
    post,
    path = "/api/v1/auth/tokens/refresh",
    tag = "auth",
    request_body = RefreshBody,
    responses(
        (status = 200, description = "New tokens.", body = TokensBody),
        (status = 401, description = "`auth.refresh_rejected` or `auth.refresh_reused`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn refresh_tokens(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RefreshTokens>,
    Json(body): Json<RefreshBody>,
) -> Result<Response, Refusal> {
    Ok(tokens(auth.execute(&caller, RefreshTokens { refresh_token: body.refresh_token }).await?))
}

/// Who am I?
#[utoipa::path(
    get,
    path = "/api/v1/auth/me",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "The caller's own account.", body = MeBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn me(State(auth): State<Arc<Auth>>, Admitted { caller, .. }: Admitted<ReadMe>) -> Result<Json<MeBody>, Refusal> {
    let account = auth.execute(&caller, ReadMe).await?.into();
    Ok(Json(MeBody { account, role: caller.actor.role.name() }))
}

/// List my log-ins
///
/// Those that still hold, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/auth/sessions",
    tag = "auth",
    params(ListQuery),
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "Some of the caller's log-ins.", body = SessionList),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_sessions(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ListSessions>,
    Query(query): Query<ListQuery>,
) -> Result<Json<SessionList>, Refusal> {
    let page = PageRequest { cursor: query.cursor.map(Cursor), limit: query.limit };
    let page = auth.execute(&caller, ListSessions { page }).await?.map(SessionBody::from);
    Ok(Json(SessionList { items: page.items, next: page.next.map(|cursor| cursor.0) }))
}

/// End my other log-ins
///
/// All but the one this request comes through.
#[utoipa::path(
    delete,
    path = "/api/v1/auth/sessions",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 204, description = "They have ended."),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn end_other_sessions(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<LogOutElsewhere>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, LogOutElsewhere).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of my log-ins
///
/// Ending it twice is ending it once.
#[utoipa::path(
    delete,
    path = "/api/v1/auth/sessions/{id}",
    tag = "auth",
    params(("id" = Uuid, Path, description = "The log-in's id.")),
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 204, description = "It has ended."),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.forbidden`: it is somebody else's.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such log-in.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn end_session(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<LogOut>,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, LogOut { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The public key
///
/// A JWK set (RFC 7517) with the Ed25519 key that access tokens are signed with.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "auth",
    responses((status = 200, description = "The keys.", body = Object, content_type = "application/jwk-set+json"))
)]
async fn jwks(State(auth): State<Arc<Auth>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, auth.tokens.jwks().to_string()).into_response()
}

/// Tokens are kept out of caches (RFC 6749 section 5.1).
fn tokens(issued: IssuedTokens) -> Response {
    let body = TokensBody {
        access_token: issued.access_token,
        refresh_token: issued.refresh_token,
        expires_in_s: issued.expires_in_s,
        token_type: "Bearer",
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
