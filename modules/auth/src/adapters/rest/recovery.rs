//! Passwords and addresses: changing them, proving them, and getting back in without them.

use crate::Auth;
use crate::domain::TypedSecret;
use crate::usecases::{AskForProof, AskForReset, ChangeEmail, ChangePassword, ProveEmail, ResetPassword};
use axum::extract::State;
use axum::http::StatusCode;
use runtime::http::{Admitted, Json, Problem, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Arc<Auth>> {
    OpenApiRouter::default()
        .routes(routes!(change_password))
        .routes(routes!(change_email))
        .routes(routes!(ask_for_proof))
        .routes(routes!(prove_email))
        .routes(routes!(ask_for_reset, reset_password))
}

/// A password that is to change.
#[derive(Deserialize, ToSchema)]
struct PasswordChangeBody {
    /// The password so far.
    #[schema(value_type = String, format = Password)]
    current_password: TypedSecret,
    /// The password from now on.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 200)]
    new_password: TypedSecret,
}

/// An address that is to change.
#[derive(Deserialize, ToSchema)]
struct EmailChangeBody {
    /// The address to have.
    #[schema(example = "ada@example.org", max_length = 254)]
    email: String,
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    current_password: TypedSecret,
}

/// A password that was forgotten.
#[derive(Deserialize, ToSchema)]
struct ResetRequestBody {
    /// The account's address.
    #[schema(example = "ada@example.org", max_length = 254)]
    email: String,
}

/// A password that is set anew.
#[derive(Deserialize, ToSchema)]
struct ResetBody {
    /// What follows the last slash of the link in the mail.
    #[schema(value_type = String, format = Password)]
    token: TypedSecret,
    /// The password from now on.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 200)]
    password: TypedSecret,
}

/// An address that is proven.
#[derive(Deserialize, ToSchema)]
struct ProofBody {
    /// What follows the last slash of the link in the mail.
    #[schema(value_type = String, format = Password)]
    token: TypedSecret,
}

/// An address.
#[derive(Serialize, ToSchema)]
struct EmailBody {
    /// The account's address.
    email: String,
}

/// Change my password
///
/// Every other log-in of mine ends.
#[utoipa::path(
    put,
    path = "/api/v1/auth/me/password",
    tag = "auth",
    request_body = PasswordChangeBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 204, description = "It has changed."),
        (status = 401, description = "`auth.credentials_rejected`: the current password is wrong; or `access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_guesses` or `auth.busy`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn change_password(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ChangePassword>,
    Json(body): Json<PasswordChangeBody>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, ChangePassword { current: body.current_password, new: body.new_password }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change my e-mail address
///
/// A mail with a link goes there, and a notice to the present address. Nothing changes before the link is followed.
#[utoipa::path(
    put,
    path = "/api/v1/auth/me/email",
    tag = "auth",
    request_body = EmailChangeBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 202, description = "The mail is on its way."),
        (status = 401, description = "`auth.credentials_rejected`: the password is wrong; or `access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_guesses` or `auth.busy`.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`auth.no_mail`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn change_email(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ChangeEmail>,
    Json(body): Json<EmailChangeBody>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, ChangeEmail { email: body.email, password: body.current_password }).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Have my address proven
///
/// A mail with a link goes to my address, every two minutes at most. Nothing happens when it is proven already.
#[utoipa::path(
    post,
    path = "/api/v1/auth/me/email/proof",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 202, description = "The mail is on its way."),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`auth.no_mail`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn ask_for_proof(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<AskForProof>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, AskForProof).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Prove an address
///
/// With what a mail brought there. It becomes the account's, if the account had another one.
#[utoipa::path(
    post,
    path = "/api/v1/auth/email-proofs",
    tag = "auth",
    request_body = ProofBody,
    responses(
        (status = 200, description = "It is proven.", body = EmailBody),
        (status = 409, description = "`auth.link_spent`; or `auth.email_taken`: another account has it by now.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn prove_email(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ProveEmail>,
    Json(body): Json<ProofBody>,
) -> Result<Json<EmailBody>, Refusal> {
    let email = auth.execute(&caller, ProveEmail { token: body.token }).await?;
    Ok(Json(EmailBody { email }))
}

/// Ask for a new password
///
/// If there is an account with that address, a mail with a link goes there, every two minutes at most. The answer is the
/// same if there is none.
#[utoipa::path(
    post,
    path = "/api/v1/auth/password-resets",
    tag = "auth",
    request_body = ResetRequestBody,
    responses(
        (status = 202, description = "Heard."),
        (status = 422, description = "`request.invalid`: it is no address.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`auth.no_mail`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn ask_for_reset(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<AskForReset>,
    Json(body): Json<ResetRequestBody>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, AskForReset { email: body.email }).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password
///
/// With what a mail brought. Every log-in of the account ends.
#[utoipa::path(
    put,
    path = "/api/v1/auth/password-resets",
    tag = "auth",
    request_body = ResetBody,
    responses(
        (status = 200, description = "It is set; the answer is the address to log in with.", body = EmailBody),
        (status = 409, description = "`auth.link_spent`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`: the password is too weak.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.busy`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn reset_password(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ResetPassword>,
    Json(body): Json<ResetBody>,
) -> Result<Json<EmailBody>, Refusal> {
    let email = auth.execute(&caller, ResetPassword { token: body.token, password: body.password }).await?;
    Ok(Json(EmailBody { email }))
}
