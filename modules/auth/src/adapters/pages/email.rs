//! Addresses that are to be proven, and those that are to change.

use super::{Trouble, form_page, mendable, page, spent, told, wrong_current};
use crate::Auth;
use crate::domain::TypedSecret;
use crate::usecases::{AskForProof, ChangeEmail, ProveEmail};
use auth_contract::reasons;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::Caller;
use runtime::http::{Admitted, Path, Refusal, status_of};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Field, Icon, form_errors, html};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ChangeForm {
    email: String,
    current_password: TypedSecret,
}

/// Following a link changes nothing yet: programs that look at mail follow links, too.
pub(super) async fn show_proof(
    Admitted { caller, .. }: Admitted<ProveEmail>,
    Path(token): Path<TypedSecret>,
) -> Response {
    let action = format!("/prove-email/{}", token.expose());
    let form = html! {
        p { "Press the button if the account is yours, and the address this link was mailed to is proven." }
        (Button::submit("Yes, it is my address").wide())
    };
    page(StatusCode::OK, form_page(&caller, "Prove your address", &action, form))
}

pub(super) async fn prove(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ProveEmail>,
    Path(token): Path<TypedSecret>,
) -> Result<Response, Refusal> {
    match auth.execute(&caller, ProveEmail { token: token.clone() }).await {
        Ok(email) => {
            let words = format!("{email} is your account's address.");
            Ok(told(&caller, StatusCode::OK, "Prove your address", Icon::Check, "Thank you", &words))
        }
        Err(fault) if fault.is(&reasons::LINK_SPENT) => Ok(spent(&caller, status_of(&fault), "/account")),
        Err(fault) if fault.is(&kernel::reasons::LOG_IN) => {
            let back = format!("/login?next=/prove-email/{}", token.expose());
            Ok(Redirect::to(&back).into_response())
        }
        Err(fault) if fault.is(&reasons::EMAIL_TAKEN) => {
            let words = "There is another account with this address. Log in with it, or give this account another one.";
            Ok(told(&caller, status_of(&fault), "Prove your address", Icon::Warning, "This address is taken", words))
        }
        Err(fault) => Err(fault.into()),
    }
}

pub(super) async fn ask(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<AskForProof>,
) -> Result<Response, Refusal> {
    auth.execute(&caller, AskForProof).await?;
    let words = "A mail with a link is on its way. Nothing there? Look at what was taken for spam.";
    Ok(told(&caller, StatusCode::OK, "Prove your address", Icon::Check, "Look at your mail", words))
}

pub(super) async fn show_change(Admitted { caller, .. }: Admitted<ChangeEmail>) -> Response {
    page(StatusCode::OK, draw_change(&caller, "", &Trouble::default()))
}

pub(super) async fn change(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ChangeEmail>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Refusal> {
    let usecase = ChangeEmail { email: form.email.clone(), password: form.current_password };
    match auth.execute(&caller, usecase).await {
        Ok(()) => {
            let words = "A mail with a link is on its way to the new address. Your account has it once you have followed \
                         the link; until then nothing changes.";
            Ok(told(&caller, StatusCode::OK, "Change your address", Icon::Check, "Look at your mail", words))
        }
        Err(fault) => {
            let (status, trouble) = mendable(wrong_current(fault))?;
            Ok(page(status, draw_change(&caller, &form.email, &trouble)))
        }
    }
}

fn draw_change(caller: &Caller, email: &str, trouble: &Trouble) -> String {
    let faults = &trouble.fields;
    let labels = [("email", "New address"), ("current_password", "Password")];
    form_page(
        caller,
        "Change your address",
        "/account/email",
        html! {
            @if trouble.is_any() { (form_errors(&trouble.detail, faults, &labels)) }
            (Field::email("email", "New address").hint("We send a link there. Your present address hears of it, too.")
                .value(email).required().autocomplete("email").faults(faults))
            (Field::password("current_password", "Password").required().autocomplete("current-password").faults(faults))
            (Button::submit("Send me the link").wide())
        },
    )
}
