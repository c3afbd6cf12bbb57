//! What people tell everybody about themselves.

use crate::Auth;
use crate::domain::ProfileForm;
use crate::usecases::{ChangeProfile, ProfileView, ReadProfile};
use axum::extract::State;
use kernel::Time;
use runtime::http::{Admitted, Json, Path, Problem, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<Arc<Auth>> {
    OpenApiRouter::default().routes(routes!(change_profile)).routes(routes!(read_profile))
}

/// What the caller tells everybody about themselves.
#[derive(Deserialize, ToSchema)]
struct ProfileChangeBody {
    /// The name shown to people.
    #[schema(example = "Ada Lovelace", min_length = 1, max_length = 60)]
    display_name: String,
    /// How to speak of them.
    #[serde(default)]
    #[schema(example = "she/her", max_length = 40)]
    pronouns: String,
    /// A few words, in plain text.
    #[serde(default)]
    #[schema(max_length = 1000)]
    about: String,
}

/// What somebody tells everybody about themselves.
#[derive(Serialize, ToSchema)]
struct ProfileBody {
    id: Uuid,
    handle: String,
    display_name: String,
    /// Empty when not told.
    pronouns: String,
    /// Plain text; empty when nothing is told.
    about: String,
    #[schema(value_type = String, format = DateTime)]
    registered_at: Time,
}

impl From<ProfileView> for ProfileBody {
    fn from(view: ProfileView) -> Self {
        let ProfileView { id, handle, display_name, pronouns, about, registered_at } = view;
        Self { id: id.0, handle, display_name, pronouns, about, registered_at }
    }
}

/// Change my profile
///
/// The whole of it: what is left out is empty.
#[utoipa::path(
    put,
    path = "/api/v1/auth/me/profile",
    tag = "auth",
    request_body = ProfileChangeBody,
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "The profile.", body = ProfileBody),
        (status = 401, description = "`access.log_in`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`request.invalid`; `errors` names the fields.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn change_profile(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ChangeProfile>,
    Json(body): Json<ProfileChangeBody>,
) -> Result<Json<ProfileBody>, Refusal> {
    let ProfileChangeBody { display_name, pronouns, about } = body;
    let form = ProfileForm { display_name, pronouns, about };
    Ok(Json(auth.execute(&caller, ChangeProfile { form }).await?.into()))
}

/// Read a profile
#[utoipa::path(
    get,
    path = "/api/v1/auth/profiles/{handle}",
    tag = "auth",
    params(("handle" = String, Path, description = "The handle, in any case.")),
    responses(
        (status = 200, description = "The profile.", body = ProfileBody),
        (status = 404, description = "`auth.no_such_user`, also for accounts that are gone.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn read_profile(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ReadProfile>,
    Path(handle): Path<String>,
) -> Result<Json<ProfileBody>, Refusal> {
    Ok(Json(auth.execute(&caller, ReadProfile { handle }).await?.into()))
}
