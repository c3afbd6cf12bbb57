//! Pages: log in, register, invitations, passwords, addresses, the account, the first start. Every form works without JavaScript.
//!
//! What may not enter: a secret in a page, but for what its owner is shown once. Passwords are typed and sent, never shown
//! again.

mod account;
mod account_form;
mod accounts;
mod email;
mod invitations;
mod keys;
mod log_in;
mod password;
mod profile;
mod register;
mod second_factor;
mod security;
mod welcome;

use super::cookie;
use crate::Auth;
use crate::domain::TypedSecret;
use crate::usecases::{LogIn, LogInStep};
use auth_contract::reasons;
use axum::Router;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use kernel::{Caller, Fault, FaultCode, FieldFault};
use runtime::http::{Refusal, status_of};
use std::sync::Arc;
use ui::{Button, EmptyState, Icon, Markup, Page, Width, html};

pub(crate) fn router() -> Router<Arc<Auth>> {
    Router::new()
        .route("/login", get(log_in::show).post(log_in::submit))
        .route("/login/code", post(second_factor::finish))
        .route("/account/security", get(security::show))
        .route("/account/security/app", get(security::show_begin).post(security::begin))
        .route("/account/security/app/confirm", post(security::confirm))
        .route("/account/security/app/remove", get(security::show_remove).post(security::remove))
        .route("/account/security/codes", get(security::show_renew).post(security::renew))
        .route("/logout", post(log_in::leave))
        .route("/register", get(register::show).post(register::submit))
        .route("/register/{token}", get(register::show_invited).post(register::submit_invited))
        .route("/invitations", get(invitations::list))
        .route("/invitations/new", get(invitations::show).post(invitations::invite))
        .route("/invitations/{id}/mails", post(invitations::send_again))
        .route("/invitations/{id}/withdraw", post(invitations::withdraw))
        .route("/account", get(account::show))
        .route("/account/password", get(password::show_change).post(password::change))
        .route("/account/email", get(email::show_change).post(email::change))
        .route("/account/email/prove", post(email::ask))
        .route("/account/profile", get(profile::show_form).post(profile::change))
        .route("/u/{handle}", get(profile::show))
        .route("/account/delete", get(accounts::show_leave).post(accounts::leave))
        .route("/accounts/{id}", get(accounts::show))
        .route("/accounts/{id}/suspend", post(accounts::suspend))
        .route("/accounts/{id}/restore", post(accounts::restore))
        .route("/accounts/{id}/delete", post(accounts::delete))
        .route("/forgot-password", get(password::show_forgot).post(password::forgot))
        .route("/reset-password/{token}", get(password::show_reset).post(password::reset))
        .route("/prove-email/{token}", get(email::show_proof).post(email::prove))
        .route("/account/sessions/end-others", post(account::end_others))
        .route("/account/sessions/{id}/end", post(account::end_session))
        .route("/account/keys", get(keys::show_own).post(keys::make_own))
        .route("/account/keys/{id}/revoke", post(keys::revoke_own))
        .route("/service-accounts", get(keys::show_services).post(keys::make_service))
        .route("/service-accounts/{owner}", get(keys::show_of_service).post(keys::make_of_service))
        .route("/service-accounts/{owner}/keys/{id}/revoke", post(keys::revoke_of_service))
        .route("/welcome/{token}", get(welcome::show).post(welcome::submit))
}

/// What is wrong with a form that was sent, if anything is.
#[derive(Default)]
struct Trouble {
    detail: String,
    fields: Vec<FieldFault>,
}

impl Trouble {
    fn is_any(&self) -> bool {
        !self.detail.is_empty()
    }
}

/// Sorts out what whoever filled in the form can mend, with the status to show it under. The rest is an error page.
fn mendable(fault: Fault) -> Result<(StatusCode, Trouble), Refusal> {
    let status = match fault.code {
        FaultCode::Invalid | FaultCode::Conflict | FaultCode::Unauthenticated => StatusCode::UNPROCESSABLE_ENTITY,
        FaultCode::Exhausted | FaultCode::Forbidden | FaultCode::Unavailable => status_of(&fault),
        _ => return Err(fault.into()),
    };
    let detail = if fault.fields.is_empty() { fault.detail } else { "Please check the form.".to_owned() };
    Ok((status, Trouble { detail, fields: fault.fields }))
}

/// The same fault, pointing at the field with the password that was asked for once more.
fn wrong_current(mut fault: Fault) -> Fault {
    if fault.is(&reasons::CREDENTIALS_REJECTED) {
        let detail = "is not your password".to_owned();
        fault.fields = vec![FieldFault { field: "current_password".to_owned(), detail }];
    }
    fault
}

/// A page that only its reader may keep.
fn page(status: StatusCode, document: String) -> Response {
    let private: [(HeaderName, &str); 2] =
        [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    (status, private, Html(document)).into_response()
}

/// Logs whoever just showed their password in, and leads them to `path`; by way of the second factor where there is one.
async fn enter(
    auth: &Auth,
    caller: &Caller,
    email: String,
    password: TypedSecret,
    path: &str,
) -> Result<Response, Fault> {
    match auth.execute(caller, LogIn { email, password }).await? {
        LogInStep::Done(token) => entered(auth, &token, path),
        LogInStep::SecondFactor(challenge) => Ok(second_factor::ask(caller, &challenge, path)),
    }
}

/// The answer that makes a browser logged in.
fn entered(auth: &Auth, token: &str, path: &str) -> Result<Response, Fault> {
    Ok(([(header::SET_COOKIE, cookie::begin(auth, token)?)], Redirect::to(path)).into_response())
}

/// A page with one form on it.
fn form_page(caller: &Caller, title: &str, action: &str, fields: Markup) -> String {
    let body = html! { div.card { form.form method="post" action=(action) { (fields) } } };
    Page::new(title).viewer(&caller.actor).width(Width::Form).noindex().render(body)
}

/// A page that only says something.
fn told(caller: &Caller, status: StatusCode, title: &str, icon: Icon, head: &str, words: &str) -> Response {
    let body = html! { (EmptyState::new(icon, head, words)) };
    page(status, Page::new(title).viewer(&caller.actor).width(Width::Form).noindex().render(body))
}

/// A page for a link that is good for nothing any more.
fn spent(caller: &Caller, status: StatusCode, again: &str) -> Response {
    let words = "It was used, or is too old. Each link works once.";
    let state = EmptyState::new(Icon::Key, "This link does not work any more", words);
    let state = state.action(Button::link("Ask for a new one", again).primary());
    let title = "This link does not work any more";
    page(status, Page::new(title).viewer(&caller.actor).width(Width::Form).noindex().render(html! { (state) }))
}
