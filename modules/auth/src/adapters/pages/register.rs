//! Making an account.

use super::account_form::{AccountFields, at_its_field};
use super::{Trouble, enter, mendable, page, told};
use crate::Auth;
use crate::usecases::Register;
use auth_contract::reasons;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::Caller;
use runtime::http::{Admitted, Guarded, Refusal, keyed};
use std::sync::Arc;
use ui::{Button, EmptyState, Icon, Page, Width, html};

pub(super) async fn show(State(auth): State<Arc<Auth>>, Guarded(caller): Guarded) -> Response {
    if caller.actor.user_id().is_some() {
        return Redirect::to("/").into_response();
    }
    if !auth.is_registration_open() {
        return closed(&caller);
    }
    page(StatusCode::OK, draw(&auth, &caller, &AccountFields::default(), &Trouble::default()))
}

pub(super) async fn submit(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<Register>,
    Form(fields): Form<AccountFields>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, &fields.idempotency_key);
    match auth.execute(&caller, Register { form: fields.form() }).await {
        Ok(None) => {
            let words = "A mail with a link is on its way to the address you gave. Follow it, and log in.";
            Ok(told(&caller, StatusCode::ACCEPTED, "Register", Icon::Check, "Look at your mail", words))
        }
        Ok(Some(account)) => match enter(&auth, &caller, account.email, fields.password, "/").await {
            Ok(entered) => Ok(entered),
            // The account is there. Whatever keeps them out now, they can try again.
            Err(_) => Ok(Redirect::to("/login").into_response()),
        },
        Err(fault) if fault.is(&reasons::REGISTRATION_CLOSED) => Ok(closed(&caller)),
        Err(fault) => {
            let (status, trouble) = mendable(at_its_field(fault))?;
            Ok(page(status, draw(&auth, &caller, &fields, &trouble)))
        }
    }
}

fn draw(auth: &Auth, caller: &Caller, fields: &AccountFields, trouble: &Trouble) -> String {
    let body = html! {
        div.card {
            form.form method="post" action="/register" {
                (fields.draw(&auth.ids.next().to_string(), trouble))
                (Button::submit("Register").wide())
            }
        }
        p.aside { "You have an account? " a href="/login" { "Log in" } }
    };
    Page::new("Register").viewer(&caller.actor).width(Width::Form).render(body)
}

fn closed(caller: &Caller) -> Response {
    let words = "New accounts are made by the people who run this place. Ask one of them.";
    let body = html! { (EmptyState::new(Icon::Lock, "By invitation only", words)) };
    let document = Page::new("Registration is closed").viewer(&caller.actor).width(Width::Form).noindex().render(body);
    page(StatusCode::FORBIDDEN, document)
}
