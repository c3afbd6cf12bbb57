//! The first start: whoever has the set-up link makes the account that runs the community.

use super::account_form::{AccountFields, at_its_field};
use super::{Trouble, enter, mendable, page};
use crate::Auth;
use crate::domain::TypedSecret;
use crate::usecases::{FoundCommunity, ReadSetupLink};
use auth_contract::reasons;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::{Caller, Fault};
use runtime::http::{Admitted, Path, Refusal, keyed, status_of};
use std::sync::Arc;
use ui::{Button, EmptyState, Icon, Page, Width, html};

pub(super) async fn show(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ReadSetupLink>,
    Path(token): Path<TypedSecret>,
) -> Result<Response, Refusal> {
    match auth.execute(&caller, ReadSetupLink { token: token.clone() }).await {
        Ok(()) => {
            Ok(page(StatusCode::OK, draw(&auth, &caller, &token, &AccountFields::default(), &Trouble::default())))
        }
        Err(fault) if fault.is(&reasons::SETUP_LINK_SPENT) => Ok(spent(&caller, &fault)),
        Err(fault) => Err(fault.into()),
    }
}

pub(super) async fn submit(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<FoundCommunity>,
    Path(token): Path<TypedSecret>,
    Form(fields): Form<AccountFields>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, &fields.idempotency_key);
    match auth.execute(&caller, FoundCommunity { token: token.clone(), form: fields.form() }).await {
        Ok(account) => match enter(&auth, &caller, account.email, fields.password, "/").await {
            Ok(entered) => Ok(entered),
            // The account is there. Whatever keeps them out now, they can try again.
            Err(_) => Ok(Redirect::to("/login").into_response()),
        },
        Err(fault) if fault.is(&reasons::SETUP_LINK_SPENT) => Ok(spent(&caller, &fault)),
        Err(fault) => {
            let (status, trouble) = mendable(at_its_field(fault))?;
            Ok(page(status, draw(&auth, &caller, &token, &fields, &trouble)))
        }
    }
}

fn draw(auth: &Auth, caller: &Caller, token: &TypedSecret, fields: &AccountFields, trouble: &Trouble) -> String {
    let body = html! {
        div.card {
            form.form method="post" action={ "/welcome/" (token.expose()) } {
                (fields.draw(&auth.ids.next().to_string(), trouble))
                (Button::submit("Set up the community").wide())
            }
        }
    };
    Page::new("Welcome to Polity")
        .viewer(&caller.actor)
        .width(Width::Form)
        .noindex()
        .lede(html! { "Make the account that runs this community. The link that brought you here works once." })
        .render(body)
}

fn spent(caller: &Caller, fault: &Fault) -> Response {
    let words = "It was used, or replaced when Polity started again, or somebody runs the community already. \
                 An operator can make an account with: polity auth create-superuser";
    let state =
        EmptyState::new(Icon::Key, "Nothing to set up here", words).action(Button::link("Log in", "/login").primary());
    let document = Page::new("This link does not work any more")
        .viewer(&caller.actor)
        .width(Width::Form)
        .noindex()
        .render(html! { (state) });
    page(status_of(fault), document)
}
