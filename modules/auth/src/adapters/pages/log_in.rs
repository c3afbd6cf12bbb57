//! Logging in and out.

use super::{Trouble, enter, mendable, page};
use crate::Auth;
use crate::adapters::cookie;
use crate::domain::{ReturnPath, TypedSecret};
use crate::usecases::{LogIn, LogOut};
use axum::Form;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::Caller;
use runtime::http::{Admitted, Guarded, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Field, Page, Width, form_errors, html};

/// Where to go afterwards.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    pub(super) next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct LogInForm {
    email: String,
    password: TypedSecret,
    next: String,
}

pub(super) async fn show(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<LogIn>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let next = ReturnPath::parse(&wanted.next);
    if caller.actor.user_id().is_some() {
        return Redirect::to(next.as_str()).into_response();
    }
    page(StatusCode::OK, draw(&auth, &caller, "", &next, &Trouble::default()))
}

pub(super) async fn submit(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<LogIn>,
    Form(form): Form<LogInForm>,
) -> Result<Response, Refusal> {
    let next = ReturnPath::parse(&form.next);
    match enter(&auth, &caller, form.email.clone(), form.password, next.as_str()).await {
        Ok(entered) => Ok(entered),
        Err(fault) => {
            let (status, trouble) = mendable(fault)?;
            Ok(page(status, draw(&auth, &caller, &form.email, &next, &trouble)))
        }
    }
}

/// Also for whoever is logged out already: the button did what it says.
pub(super) async fn leave(State(auth): State<Arc<Auth>>, Guarded(caller): Guarded) -> Result<Response, Refusal> {
    if let Some(id) = caller.actor.session {
        auth.execute(&caller, LogOut { id }).await?;
    }
    Ok(([(header::SET_COOKIE, cookie::end(&auth)?)], Redirect::to("/")).into_response())
}

fn draw(auth: &Auth, caller: &Caller, email: &str, next: &ReturnPath, trouble: &Trouble) -> String {
    let body = html! {
        div.card {
            form.form method="post" action="/login" {
                @if trouble.is_any() { (form_errors(&trouble.detail, &trouble.fields, &[])) }
                (Field::email("email", "E-mail").value(email).required().autocomplete("username"))
                (Field::password("password", "Password").required().autocomplete("current-password"))
                (Field::hidden("next", next.as_str()))
                (Button::submit("Log in").wide())
            }
        }
        p.aside { a href="/forgot-password" { "Forgotten your password?" } }
        @if auth.is_registration_open() { p.aside { "No account yet? " a href="/register" { "Register" } } }
    };
    Page::new("Log in").viewer(&caller.actor).width(Width::Form).noindex().render(body)
}
