//! The second step of a log-in: the code.

use super::{Trouble, entered, mendable, page};
use crate::Auth;
use crate::domain::{ReturnPath, TypedSecret};
use crate::usecases::FinishLogIn;
use auth_contract::reasons;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::Caller;
use runtime::http::{Admitted, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Field, Page, Width, form_errors, html};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CodeForm {
    challenge: TypedSecret,
    code: TypedSecret,
    next: String,
}

/// Asks for the code. The challenge opens nothing without it, works once and for five minutes.
pub(super) fn ask(caller: &Caller, challenge: &str, next: &str) -> Response {
    page(StatusCode::OK, draw(caller, challenge, next, &Trouble::default()))
}

pub(super) async fn finish(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<FinishLogIn>,
    Form(form): Form<CodeForm>,
) -> Result<Response, Refusal> {
    let next = ReturnPath::parse(&form.next);
    let usecase = FinishLogIn { challenge: form.challenge.clone(), code: form.code };
    match auth.execute(&caller, usecase).await {
        Ok(token) => Ok(entered(&auth, &token, next.as_str())?),
        Err(fault) if fault.is(&reasons::CHALLENGE_OVER) => Ok(Redirect::to("/login").into_response()),
        Err(fault) => {
            let (status, trouble) = mendable(fault)?;
            Ok(page(status, draw(&caller, form.challenge.expose(), next.as_str(), &trouble)))
        }
    }
}

fn draw(caller: &Caller, challenge: &str, next: &str, trouble: &Trouble) -> String {
    let body = html! {
        div.card {
            form.form method="post" action="/login/code" {
                @if trouble.is_any() { (form_errors(&trouble.detail, &trouble.fields, &[])) }
                (Field::text("code", "Code").hint("Six digits from your authenticator app, or a recovery code.")
                    .required().autocomplete("one-time-code").autofocus())
                (Field::hidden("challenge", challenge))
                (Field::hidden("next", next))
                (Button::submit("Log in").wide())
            }
        }
        p.aside { a href="/login" { "Begin again" } }
    };
    Page::new("One more step").viewer(&caller.actor).width(Width::Form).noindex().render(body)
}
