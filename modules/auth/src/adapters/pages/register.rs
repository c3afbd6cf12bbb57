//! Making an account: by whoever comes, or by whoever was invited.

use super::account_form::{AccountFields, at_its_field};
use super::{Trouble, enter, mendable, page, told};
use crate::Auth;
use crate::domain::TypedSecret;
use crate::usecases::{InvitationText, ReadInvitation, Register};
use auth_contract::reasons;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::{Caller, Fault};
use runtime::http::{Admitted, Guarded, Path, Refusal, keyed, status_of};
use settings::Registration;
use std::sync::Arc;
use ui::{Button, EmptyState, Icon, Markup, Page, Width, html};

/// The invitation somebody follows.
struct Invited {
    token: TypedSecret,
    text: InvitationText,
}

pub(super) async fn show(State(auth): State<Arc<Auth>>, Guarded(caller): Guarded) -> Response {
    if caller.actor.user_id().is_some() {
        return Redirect::to("/").into_response();
    }
    if !auth.is_registration_open() {
        return closed(&auth, &caller);
    }
    page(StatusCode::OK, draw(&auth, &caller, None, &AccountFields::default(), &Trouble::default()))
}

pub(super) async fn submit(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<Register>,
    Form(fields): Form<AccountFields>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, &fields.idempotency_key);
    let wanted = Register { form: fields.form(), invitation: TypedSecret::default() };
    match auth.execute(&caller, wanted).await {
        Err(fault) if is_closed(&fault) => Ok(closed(&auth, &caller)),
        made => answer(&auth, &caller, None, fields, made).await,
    }
}

/// Following an invitation uses nothing up: programs that look at mail follow links, too.
pub(super) async fn show_invited(
    State(auth): State<Arc<Auth>>,
    Guarded(caller): Guarded,
    Path(token): Path<TypedSecret>,
) -> Result<Response, Refusal> {
    if caller.actor.user_id().is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    match auth.execute(&caller, ReadInvitation { token: token.clone() }).await {
        Ok(text) => {
            let fields = AccountFields::of(text.email.clone());
            let invited = Invited { token, text };
            Ok(page(StatusCode::OK, draw(&auth, &caller, Some(&invited), &fields, &Trouble::default())))
        }
        Err(fault) if fault.is(&reasons::INVITATION_SPENT) => Ok(spent(&caller, &fault)),
        Err(fault) if is_closed(&fault) => Ok(closed(&auth, &caller)),
        Err(fault) => Err(fault.into()),
    }
}

pub(super) async fn submit_invited(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<Register>,
    Path(token): Path<TypedSecret>,
    Form(fields): Form<AccountFields>,
) -> Result<Response, Refusal> {
    let keyed = keyed(caller.clone(), &fields.idempotency_key);
    let made = auth.execute(&keyed, Register { form: fields.form(), invitation: token.clone() }).await;
    match made {
        Err(fault) if fault.is(&reasons::INVITATION_SPENT) => Ok(spent(&caller, &fault)),
        Err(fault) if is_closed(&fault) => Ok(closed(&auth, &caller)),
        Err(fault) => match auth.execute(&caller, ReadInvitation { token: token.clone() }).await {
            Ok(text) => answer(&auth, &caller, Some(Invited { token, text }), fields, Err(fault)).await,
            Err(_) => Ok(spent(&caller, &fault)),
        },
        made => answer(&auth, &caller, None, fields, made).await,
    }
}

/// What somebody sees who sent the form.
async fn answer(
    auth: &Auth,
    caller: &Caller,
    invited: Option<Invited>,
    fields: AccountFields,
    made: Result<Option<crate::usecases::AccountView>, Fault>,
) -> Result<Response, Refusal> {
    match made {
        Ok(None) => {
            let words = "A mail with a link is on its way to the address you gave. Follow it, and log in.";
            Ok(told(caller, StatusCode::ACCEPTED, "Register", Icon::Check, "Look at your mail", words))
        }
        Ok(Some(account)) => match enter(auth, caller, account.email, fields.password, "/").await {
            Ok(entered) => Ok(entered),
            // The account is there. Whatever keeps them out now, they can try again.
            Err(_) => Ok(Redirect::to("/login").into_response()),
        },
        Err(fault) => {
            let (status, trouble) = mendable(at_its_field(fault))?;
            Ok(page(status, draw(auth, caller, invited.as_ref(), &fields, &trouble)))
        }
    }
}

fn is_closed(fault: &Fault) -> bool {
    fault.is(&reasons::REGISTRATION_CLOSED) || fault.is(&reasons::INVITATION_NEEDED)
}

fn draw(auth: &Auth, caller: &Caller, invited: Option<&Invited>, fields: &AccountFields, trouble: &Trouble) -> String {
    let action =
        invited.map_or_else(|| "/register".to_owned(), |invited| format!("/register/{}", invited.token.expose()));
    let body = html! {
        @if let Some(Invited { text, .. }) = invited { (invitation(text)) }
        div.card {
            form.form method="post" action=(action) {
                (fields.draw(&auth.ids.next().to_string(), trouble))
                (Button::submit("Register").wide())
            }
        }
        p.aside { "You have an account? " a href="/login" { "Log in" } }
    };
    let page = Page::new("Register").viewer(&caller.actor).width(Width::Form);
    if invited.is_some() { page.noindex().render(body) } else { page.render(body) }
}

/// Who invites, and what they write. It is shown as theirs: nobody here has read it.
fn invitation(text: &InvitationText) -> Markup {
    html! {
        div.card {
            p {
                @match &text.from {
                    Some(from) => { strong { (from) } " invites you." }
                    None => { "You are invited." }
                }
            }
            @if let Some(note) = &text.note { blockquote { (note) } }
            @if let Some(email) = &text.email { p { "The invitation is for " strong { (email) } "." } }
        }
    }
}

fn spent(caller: &Caller, fault: &Fault) -> Response {
    let words = "It was used, was withdrawn, or is too old. Ask whoever sent it for another one.";
    let title = "This invitation does not work any more";
    told(caller, status_of(fault), title, Icon::Key, title, words)
}

fn closed(auth: &Auth, caller: &Caller) -> Response {
    let (head, words) = match auth.settings.auth.registration {
        Registration::Invitation => (
            "By invitation only",
            "Accounts are made by whoever was invited: follow the link you were sent, or ask somebody.",
        ),
        Registration::Open | Registration::Closed => {
            ("Nobody can register now", "New accounts are made by the people who run this place. Ask one of them.")
        }
    };
    let body = html! { (EmptyState::new(Icon::Lock, head, words)) };
    let document = Page::new("Registration is closed").viewer(&caller.actor).width(Width::Form).noindex().render(body);
    page(StatusCode::FORBIDDEN, document)
}
