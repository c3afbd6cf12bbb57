//! How somebody's account is protected, and what they can do about it.

use super::{Trouble, form_page, mendable, page, wrong_current};
use crate::Auth;
use crate::credentials::picture;
use crate::domain::TypedSecret;
use crate::usecases::{
    BeginTotp, ConfirmTotp, ReadSecurity, RemoveTotp, RenewRecoveryCodes, SecurityView, TotpToSetUp,
};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::Caller;
use runtime::http::{Admitted, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Field, Markup, Page, Tone, Width, ago, alert, badge, card, details, form_errors, html};

const HOME: &str = "/account/security";
const LABELS: [(&str, &str); 1] = [("current_password", "Password")];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ProofForm {
    current_password: TypedSecret,
    code: TypedSecret,
}

pub(super) async fn show(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ReadSecurity>,
) -> Result<Response, Refusal> {
    let view = auth.execute(&caller, ReadSecurity).await?;
    Ok(page(StatusCode::OK, draw(&auth, &caller, &view)))
}

pub(super) async fn show_begin(Admitted { caller, .. }: Admitted<BeginTotp>) -> Response {
    page(StatusCode::OK, draw_begin(&caller, &Trouble::default()))
}

pub(super) async fn begin(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<BeginTotp>,
    Form(form): Form<ProofForm>,
) -> Result<Response, Refusal> {
    match auth.execute(&caller, BeginTotp { password: form.current_password }).await {
        Ok(begun) => {
            let (size, path) = picture(&begun.address)?;
            Ok(page(StatusCode::OK, draw_set_up(&caller, &begun, size, &path)))
        }
        Err(fault) => {
            let (status, trouble) = mendable(wrong_current(fault))?;
            Ok(page(status, draw_begin(&caller, &trouble)))
        }
    }
}

pub(super) async fn confirm(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ConfirmTotp>,
    Form(form): Form<ProofForm>,
) -> Result<Response, Refusal> {
    match auth.execute(&caller, ConfirmTotp { code: form.code }).await {
        Ok(codes) => Ok(page(StatusCode::OK, draw_codes(&caller, &codes))),
        Err(fault) => {
            let (status, trouble) = mendable(fault)?;
            Ok(page(status, draw_confirm(&caller, &trouble)))
        }
    }
}

pub(super) async fn show_remove(Admitted { caller, .. }: Admitted<RemoveTotp>) -> Response {
    page(StatusCode::OK, draw_remove(&caller, &Trouble::default()))
}

pub(super) async fn remove(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RemoveTotp>,
    Form(form): Form<ProofForm>,
) -> Result<Response, Refusal> {
    match auth.execute(&caller, RemoveTotp { password: form.current_password, code: form.code }).await {
        Ok(()) => Ok(Redirect::to(HOME).into_response()),
        Err(fault) => {
            let (status, trouble) = mendable(wrong_current(fault))?;
            Ok(page(status, draw_remove(&caller, &trouble)))
        }
    }
}

pub(super) async fn show_renew(Admitted { caller, .. }: Admitted<RenewRecoveryCodes>) -> Response {
    page(StatusCode::OK, draw_renew(&caller, &Trouble::default()))
}

pub(super) async fn renew(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RenewRecoveryCodes>,
    Form(form): Form<ProofForm>,
) -> Result<Response, Refusal> {
    let usecase = RenewRecoveryCodes { password: form.current_password, code: form.code };
    match auth.execute(&caller, usecase).await {
        Ok(codes) => Ok(page(StatusCode::OK, draw_codes(&caller, &codes))),
        Err(fault) => {
            let (status, trouble) = mendable(wrong_current(fault))?;
            Ok(page(status, draw_renew(&caller, &trouble)))
        }
    }
}

fn draw(auth: &Auth, caller: &Caller, view: &SecurityView) -> String {
    let password = details(&[("Password", html! { a href="/account/password" { "Change it" } })]);
    let body = html! {
        (card("What you know", password))
        @match view.totp_since {
            None => (card("What you have", html! {
                p { "Whoever learns your password can log in as you. An authenticator app on your phone keeps them out: \
                     it shows a new code every 30 seconds, and you are asked for it when you log in." }
                div.card__foot { (Button::link("Set up an app", "/account/security/app").primary()) }
            })),
            Some(since) => (card("What you have", protected(view, ago(since, auth.clock.now())))),
        }
        (card("Where you are logged in", html! { p { a href="/account" { "See your log-ins, and end them" } } }))
    };
    Page::new("Security").viewer(&caller.actor).width(Width::Text).noindex().render(body)
}

fn protected(view: &SecurityView, since: Markup) -> Markup {
    let left = view.recovery_codes_left;
    let app = html! { (badge(Some(Tone::Success), "on")) " since " (since) };
    let tone = if left <= 3 { Tone::Warning } else { Tone::Success };
    let codes = html! { (badge(Some(tone), &format!("{left} left"))) };
    html! {
        (details(&[("Authenticator app", app), ("Recovery codes", codes)]))
        div.card__foot {
            (Button::link("Make new recovery codes", "/account/security/codes").secondary().small())
            " "
            (Button::link("Remove the app", "/account/security/app/remove").secondary().small())
        }
    }
}

fn draw_begin(caller: &Caller, trouble: &Trouble) -> String {
    form_page(
        caller,
        "Set up an authenticator app",
        "/account/security/app",
        html! {
            (troubles(trouble))
            p { "You need an app such as those of Google, Microsoft, 1Password or Aegis. First show that it is you." }
            (password(trouble))
            (Button::submit("Go on").wide())
        },
    )
}

fn draw_set_up(caller: &Caller, begun: &TotpToSetUp, size: i32, path: &str) -> String {
    let box_ = format!("0 0 {size} {size}");
    form_page(
        caller,
        "Set up an authenticator app",
        "/account/security/app/confirm",
        html! {
            p { "1. Scan this picture with the app." }
            // Black on white in the dark too: apps do not read it otherwise.
            svg role="img" aria-label="A picture for your authenticator app" viewBox=(box_) width="240" height="240"
                shape-rendering="crispEdges" {
                rect width=(size) height=(size) fill="#fff" {}
                path d=(path) fill="#000" {}
            }
            p { "Or type this in: " code { (begun.secret) } }
            p { a href=(begun.address) { "Open it in an app on this device" } }
            p { "2. Type the code that the app shows." }
            (code("Six digits. The app shows a new code every 30 seconds."))
            (Button::submit("Turn it on").wide())
        },
    )
}

fn draw_confirm(caller: &Caller, trouble: &Trouble) -> String {
    form_page(
        caller,
        "Set up an authenticator app",
        "/account/security/app/confirm",
        html! {
            (troubles(trouble))
            (code("Six digits. Is the clock of your device right?"))
            (Button::submit("Turn it on").wide())
            p.aside { a href="/account/security/app" { "Begin again with another picture" } }
        },
    )
}

fn draw_codes(caller: &Caller, codes: &[String]) -> String {
    let body = html! {
        (alert(Tone::Warning, "Keep these codes now", html! {
            "They are not shown again. Each lets you in once when you do not have the app. Print them, or put them into your \
             password manager."
        }))
        (card("Your recovery codes", html! { div.prose { ol { @for code in codes { li { code { (code) } } } } } }))
        (Button::link("I have kept them", HOME).primary())
    };
    Page::new("Recovery codes").viewer(&caller.actor).width(Width::Form).noindex().render(body)
}

fn draw_remove(caller: &Caller, trouble: &Trouble) -> String {
    form_page(
        caller,
        "Remove the authenticator app",
        "/account/security/app/remove",
        html! {
            (troubles(trouble))
            p { "Your password alone lets people in afterwards. The recovery codes go too." }
            (both(trouble))
            (Button::submit("Remove it").danger().wide())
        },
    )
}

fn draw_renew(caller: &Caller, trouble: &Trouble) -> String {
    form_page(
        caller,
        "Make new recovery codes",
        "/account/security/codes",
        html! {
            (troubles(trouble))
            p { "The codes you have so far do not work any more afterwards." }
            (both(trouble))
            (Button::submit("Make new codes").wide())
        },
    )
}

fn troubles(trouble: &Trouble) -> Markup {
    html! { @if trouble.is_any() { (form_errors(&trouble.detail, &trouble.fields, &LABELS)) } }
}

fn both(trouble: &Trouble) -> Markup {
    html! {
        (password(trouble))
        (code("Six digits from the app, or a recovery code."))
    }
}

fn password(trouble: &Trouble) -> Markup {
    let field = Field::password("current_password", "Password").required().autocomplete("current-password");
    html! { (field.faults(&trouble.fields)) }
}

fn code(hint: &str) -> Markup {
    html! { (Field::text("code", "Code").hint(hint).required().autocomplete("one-time-code")) }
}
