//! Invitations: made, listed, sent again, withdrawn.

use super::ListQuery;
use crate::Auth;
use crate::domain::InvitationForm;
use crate::usecases::{InvitationView, Invite, Invited, ListInvitations, SendInvitationAgain, WithdrawInvitation};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Cursor, PageRequest, Role, Time};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<Arc<Auth>> {
    OpenApiRouter::default()
        .routes(routes!(invite, list_invitations))
        .routes(routes!(withdraw_invitation))
        .routes(routes!(send_invitation_again))
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
struct InviteBody {
    /// The one address that is invited. Without it, whoever has the link makes an account.
    #[serde(default)]
    #[schema(example = "bo@example.org", max_length = 254)]
    email: String,
    /// A few words to go with it; no links.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
    /// How many accounts the link makes at most: 1 to 100, 1 when not said. Always 1 for one address.
    uses: Option<i64>,
    /// For how many days it is good: 1 to 90, 14 when not said.
    days: Option<i64>,
}

/// An invitation.
#[derive(Serialize, ToSchema)]
struct InvitationBody {
    id: Uuid,
    /// The one address that is invited; null when anybody with the link is.
    email: Option<String>,
    note: Option<String>,
    /// The handle of whoever invites; null when an operator did.
    invited_by: Option<String>,
    /// How many accounts it made.
    uses: i64,
    /// How many it makes at most.
    most_uses: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// Where the invitation leads; shown once, and only where it is not mailed.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

impl From<InvitationView> for InvitationBody {
    fn from(view: InvitationView) -> Self {
        let InvitationView { id, email, note, invited_by, uses, most_uses, created_at, expires_at } = view;
        Self { id, email, note, invited_by, uses, most_uses, created_at, expires_at, link: None }
    }
}

/// Some invitations.
#[derive(Serialize, ToSchema)]
struct InvitationList {
    items: Vec<InvitationBody>,
    /// Where to go on from; null on the last page.
    next: Option<String>,
}

/// Invite somebody
///
/// With an address a mail goes there. Without one, and where no mail is sent, the answer holds a link to hand over.
#[utoipa::path(
    post,
    path = "/api/v1/auth/invitations",
    tag = "auth",
    request_body = InviteBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 201, description = "The invitation.", body = InvitationBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.forbidden` or `auth.registration_closed`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.already_invited`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`auth.too_many_invitations`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn invite(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<Invite>,
    Json(body): Json<InviteBody>,
) -> Result<Response, Refusal> {
    let InviteBody { email, note, uses, days } = body;
    let form = InvitationForm { email, note, uses, days };
    let Invited { invitation, token } = auth.execute(&caller, Invite { form }).await?;
    let link = token.map(|token| format!("{}/register/{token}", auth.settings.http.public_url));
    let body = InvitationBody { link, ..invitation.into() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// List invitations
///
/// Those that still let somebody in, the newest first: everybody's for moderators, else one's own.
#[utoipa::path(
    get,
    path = "/api/v1/auth/invitations",
    tag = "auth",
    params(ListQuery),
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "Some invitations.", body = InvitationList),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_invitations(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ListInvitations>,
    Query(query): Query<ListQuery>,
) -> Result<Json<InvitationList>, Refusal> {
    let page = PageRequest { cursor: query.cursor.map(Cursor), limit: query.limit };
    let everybodys = caller.actor.role >= Role::Moderator;
    let page = auth.execute(&caller, ListInvitations { everybodys, page }).await?.map(InvitationBody::from);
    Ok(Json(InvitationList { items: page.items, next: page.next.map(|cursor| cursor.0) }))
}

/// Withdraw an invitation
///
/// Accounts that it made stay. Withdrawing it twice is withdrawing it once.
#[utoipa::path(
    delete,
    path = "/api/v1/auth/invitations/{id}",
    tag = "auth",
    params(("id" = Uuid, Path, description = "The invitation's id.")),
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 204, description = "It lets nobody in any more."),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.forbidden`: it is somebody else's.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such invitation.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn withdraw_invitation(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<WithdrawInvitation>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, WithdrawInvitation { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send an invitation again
///
/// Another mail, with another link; the ones before stay good. One for each two minutes.
#[utoipa::path(
    post,
    path = "/api/v1/auth/invitations/{id}/mails",
    tag = "auth",
    params(("id" = Uuid, Path, description = "The invitation's id.")),
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 202, description = "The mail is on its way."),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`access.forbidden`: it is somebody else's.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such invitation.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`auth.invitation_spent`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`: it is for no address.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`auth.no_mail`.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn send_invitation_again(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<SendInvitationAgain>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Refusal> {
    auth.execute(&caller, SendInvitationAgain { id }).await?;
    Ok(StatusCode::ACCEPTED)
}
