//! Second factors: authenticator apps and recovery codes.

use super::{TokensBody, tokens};
use crate::Auth;
use crate::domain::TypedSecret;
use crate::usecases::{BeginTotp, ConfirmTotp, FinishTokens, ReadSecurity, RemoveTotp, RenewRecoveryCodes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::Time;
use runtime::http::{Admitted, Json, Problem, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Arc<Auth>> {
    OpenApiRouter::default()
        .routes(routes!(finish_tokens))
        .routes(routes!(read_security))
        .routes(routes!(begin_totp, confirm_totp))
        .routes(routes!(remove_totp))
        .routes(routes!(renew_recovery_codes))
}

/// The second factor of a log-in.
#[derive(Deserialize, ToSchema)]
struct AnswerBody {
    /// What the first step answered with.
    #[schema(value_type = String, format = Password)]
    challenge: TypedSecret,
    /// The six digits of the authenticator app, or a recovery code.
    #[schema(value_type = String, format = Password)]
    code: TypedSecret,
}

/// The account's password.
#[derive(Deserialize, ToSchema)]
struct PasswordBody {
    /// The password.
    #[schema(value_type = String, format = Password)]
    current_password: TypedSecret,
}

/// A code of the app.
#[derive(Deserialize, ToSchema)]
struct CodeBody {
    /// Its six digits.
    #[schema(value_type = String, format = Password)]
    code: TypedSecret,
}

/// Both factors, shown once more.
#[derive(Deserialize, ToSchema)]
struct BothBody {
    /// The password.
    #[schema(value_type = String, format = Password)]
    current_password: TypedSecret,
    /// The six digits of the authenticator app, or a recovery code.
    #[schema(value_type = String, format = Password)]
    code: TypedSecret,
}

/// What an authenticator app is to be told.
#[derive(Serialize, ToSchema)]
struct TotpBody {
    /// The secret in base32, in groups of four: for typing.
    secret: String,
    /// The same as an `otpauth:` address: for a picture that the app reads.
    address: String,
}

/// Recovery codes. They are shown this once.
#[derive(Serialize, ToSchema)]
struct RecoveryCodesBody {
    /// Each works once.
    recovery_codes: Vec<String>,
}

/// How an account is protected.
#[derive(Serialize, ToSchema)]
struct SecurityBody {
    /// Since when an authenticator app is asked for; none where it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    totp_since: Option<Time>,
    /// How many recovery codes are left.
    recovery_codes_left: u32,
}

/// Show the second factor
///
/// Exchanges the challenge of a log-in and a code for tokens. No code is accepted twice.
#[utoipa::path(
    post,
    path = "/api/v1/auth/tokens/second-factor",
    tag = "auth",
    request_body = AnswerBody,
    responses(
        (status = 200, description = "Logged in.", body = TokensBody),
        (status = 401, description = "`auth.code_rejected`; or `auth.challenge_over`: log in again.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_guesses`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn finish_tokens(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<FinishTokens>,
    Json(body): Json<AnswerBody>,
) -> Result<Response, Refusal> {
    Ok(tokens(auth.execute(&caller, FinishTokens { challenge: body.challenge, code: body.code }).await?))
}

/// How is my account protected?
#[utoipa::path(
    get,
    path = "/api/v1/auth/me/security",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "What is asked for when I log in.", body = SecurityBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn read_security(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ReadSecurity>,
) -> Result<Json<SecurityBody>, Refusal> {
    let view = auth.execute(&caller, ReadSecurity).await?;
    Ok(Json(SecurityBody { totp_since: view.totp_since, recovery_codes_left: view.recovery_codes_left }))
}

/// Begin to set up an authenticator app
///
/// It is asked for once it has shown a right code, within half an hour.
#[utoipa::path(
    post,
    path = "/api/v1/auth/me/totp",
    tag = "auth",
    request_body = PasswordBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "What the app is to be told.", body = TotpBody),
        (status = 401, description = "`auth.credentials_rejected`: the password is wrong; or `access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.second_factor_exists`.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_guesses` or `auth.busy`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn begin_totp(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<BeginTotp>,
    Json(body): Json<PasswordBody>,
) -> Result<Response, Refusal> {
    let begun = auth.execute(&caller, BeginTotp { password: body.current_password }).await?;
    Ok(shown_once(TotpBody { secret: begun.secret, address: begun.address }))
}

/// Confirm the authenticator app
///
/// By a code it shows. Answers with ten recovery codes.
#[utoipa::path(
    put,
    path = "/api/v1/auth/me/totp",
    tag = "auth",
    request_body = CodeBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "It is asked for from now on.", body = RecoveryCodesBody),
        (status = 401, description = "`auth.code_rejected`; or `access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.enrolment_over` or `auth.second_factor_exists`.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_guesses`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn confirm_totp(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ConfirmTotp>,
    Json(body): Json<CodeBody>,
) -> Result<Response, Refusal> {
    let recovery_codes = auth.execute(&caller, ConfirmTotp { code: body.code }).await?;
    Ok(shown_once(RecoveryCodesBody { recovery_codes }))
}

/// Remove the authenticator app
///
/// And the recovery codes with it.
#[utoipa::path(
    post,
    path = "/api/v1/auth/me/totp/removal",
    tag = "auth",
    request_body = BothBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 204, description = "The password alone is asked for."),
        (status = 401, description = "`auth.credentials_rejected` or `auth.code_rejected`; or `access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.no_second_factor`.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_guesses` or `auth.busy`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn remove_totp(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RemoveTotp>,
    Json(body): Json<BothBody>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, RemoveTotp { password: body.current_password, code: body.code }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new recovery codes
///
/// Those so far are void.
#[utoipa::path(
    post,
    path = "/api/v1/auth/me/recovery-codes",
    tag = "auth",
    request_body = BothBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "Ten new ones.", body = RecoveryCodesBody),
        (status = 401, description = "`auth.credentials_rejected` or `auth.code_rejected`; or `access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.no_second_factor`.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_guesses` or `auth.busy`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn renew_recovery_codes(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RenewRecoveryCodes>,
    Json(body): Json<BothBody>,
) -> Result<Response, Refusal> {
    let usecase = RenewRecoveryCodes { password: body.current_password, code: body.code };
    Ok(shown_once(RecoveryCodesBody { recovery_codes: auth.execute(&caller, usecase).await? }))
}

/// What nobody may keep but who asked.
fn shown_once<T: Serialize>(body: T) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
