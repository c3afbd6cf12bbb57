//! Passwords that were forgotten, and those that are to change.

use super::{Trouble, enter, form_page, mendable, page, spent, told, wrong_current};
use crate::Auth;
use crate::domain::TypedSecret;
use crate::usecases::{AskForReset, ChangePassword, ResetPassword};
use auth_contract::reasons;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::Caller;
use runtime::http::{Admitted, Path, Refusal, status_of};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Field, Icon, Markup, form_errors, html};

const LABELS: [(&str, &str); 3] = [("email", "E-mail"), ("password", "New password"), ("new_password", "New password")];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ForgotForm {
    email: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ResetForm {
    password: TypedSecret,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ChangeForm {
    current_password: TypedSecret,
    new_password: TypedSecret,
}

pub(super) async fn show_forgot(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<AskForReset>,
) -> Response {
    if auth.mailer.is_none() {
        let words =
            "This installation sends no mail. Ask whoever runs it: they can make a link that sets a new password.";
        return told(&caller, StatusCode::OK, "Forgotten password", Icon::Key, "No mail is sent here", words);
    }
    page(StatusCode::OK, draw_forgot(&caller, "", &Trouble::default()))
}

/// Says the same to everybody: whether there is such an account is nobody's business.
pub(super) async fn forgot(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<AskForReset>,
    Form(form): Form<ForgotForm>,
) -> Result<Response, Refusal> {
    match auth.execute(&caller, AskForReset { email: form.email.clone() }).await {
        Ok(()) => {
            let words = "If there is an account with that address, a mail with a link is on its way. The link works for an \
                         hour. Nothing there? Look at what was taken for spam, or try another address.";
            Ok(told(&caller, StatusCode::OK, "Forgotten password", Icon::Check, "Look at your mail", words))
        }
        Err(fault) => {
            let (status, trouble) = mendable(fault)?;
            Ok(page(status, draw_forgot(&caller, &form.email, &trouble)))
        }
    }
}

pub(super) async fn show_reset(
    Admitted { caller, .. }: Admitted<ResetPassword>,
    Path(token): Path<TypedSecret>,
) -> Response {
    page(StatusCode::OK, draw_reset(&caller, &token, &Trouble::default()))
}

/// Whoever reads the account's mail and has just chosen its password is who they say they are: they are logged in.
pub(super) async fn reset(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ResetPassword>,
    Path(token): Path<TypedSecret>,
    Form(form): Form<ResetForm>,
) -> Result<Response, Refusal> {
    let usecase = ResetPassword { token: token.clone(), password: form.password.clone() };
    match auth.execute(&caller, usecase).await {
        Ok(email) => match enter(&auth, &caller, email, form.password, "/").await {
            Ok(entered) => Ok(entered),
            // The password is set. Whatever keeps them out now, they can try again.
            Err(_) => Ok(Redirect::to("/login").into_response()),
        },
        Err(fault) if fault.is(&reasons::LINK_SPENT) => Ok(spent(&caller, status_of(&fault), "/forgot-password")),
        Err(fault) => {
            let (status, trouble) = mendable(fault)?;
            Ok(page(status, draw_reset(&caller, &token, &trouble)))
        }
    }
}

pub(super) async fn show_change(Admitted { caller, .. }: Admitted<ChangePassword>) -> Response {
    page(StatusCode::OK, draw_change(&caller, &Trouble::default()))
}

pub(super) async fn change(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ChangePassword>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Refusal> {
    let usecase = ChangePassword { current: form.current_password, new: form.new_password };
    match auth.execute(&caller, usecase).await {
        Ok(()) => Ok(Redirect::to("/account").into_response()),
        Err(fault) => {
            let (status, trouble) = mendable(wrong_current(fault))?;
            Ok(page(status, draw_change(&caller, &trouble)))
        }
    }
}

fn draw_forgot(caller: &Caller, email: &str, trouble: &Trouble) -> String {
    let faults = &trouble.fields;
    form_page(
        caller,
        "Forgotten password",
        "/forgot-password",
        html! {
            @if trouble.is_any() { (form_errors(&trouble.detail, faults, &LABELS)) }
            (Field::email("email", "E-mail").hint("We send you a link that sets a new password.").value(email)
                .required().autocomplete("username").faults(faults))
            (Button::submit("Send me the link").wide())
        },
    )
}

fn draw_reset(caller: &Caller, token: &TypedSecret, trouble: &Trouble) -> String {
    let faults = &trouble.fields;
    form_page(
        caller,
        "Set a new password",
        &format!("/reset-password/{}", token.expose()),
        html! {
            @if trouble.is_any() { (form_errors(&trouble.detail, faults, &LABELS)) }
            (new_password("password", trouble))
            (Button::submit("Set the password").wide())
        },
    )
}

fn draw_change(caller: &Caller, trouble: &Trouble) -> String {
    form_page(
        caller,
        "Change your password",
        "/account/password",
        html! {
            @if trouble.is_any() { (form_errors(&trouble.detail, &trouble.fields, &LABELS)) }
            (Field::password("current_password", "Current password").required().autocomplete("current-password")
                .faults(&trouble.fields))
            (new_password("new_password", trouble))
            (Button::submit("Change the password").wide())
        },
    )
}

fn new_password(name: &str, trouble: &Trouble) -> Markup {
    let field =
        Field::password(name, "New password").hint("At least 10 characters. You are logged out everywhere else.");
    html! { (field.required().length(10, 200).autocomplete("new-password").faults(&trouble.fields)) }
}
