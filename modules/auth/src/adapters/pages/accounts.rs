//! The life of accounts: what whoever runs the community decides about others', and leaving for good.

use super::{Trouble, form_page, mendable, page, told, wrong_current};
use crate::Auth;
use crate::adapters::cookie;
use crate::domain::TypedSecret;
use crate::usecases::{DeleteMyAccount, DeleteUser, KnownAccount, ReadAccount, RestoreUser, StateView, SuspendUser};
use auth_contract::reasons;
use axum::Form;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{NaiveDate, NaiveTime};
use kernel::{Caller, Fault, Time, UserId};
use runtime::http::{Admitted, Path, Refusal, status_of};
use serde::Deserialize;
use std::sync::Arc;
use ui::{
    Action, AvatarSize, Button, Crumb, Field, Icon, Markup, Page, Tone, Width, ago, alert, avatar, card, details,
    exact, form_errors, html,
};

const LABELS: [(&str, &str); 2] = [("reason", "Reason"), ("until", "Until")];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct BarForm {
    reason: String,
    until: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct LeaveForm {
    current_password: TypedSecret,
}

pub(super) async fn show(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ReadAccount>,
    Path(user): Path<UserId>,
) -> Result<Response, Refusal> {
    let known = auth.execute(&caller, ReadAccount { user }).await?;
    Ok(page(StatusCode::OK, draw(&auth, &caller, &known, &BarForm::default(), &Trouble::default())))
}

pub(super) async fn suspend(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<SuspendUser>,
    Path(user): Path<UserId>,
    Form(form): Form<BarForm>,
) -> Result<Response, Refusal> {
    let done = match day_after(&form.until) {
        Ok(until) => auth.execute(&caller, SuspendUser { user, reason: form.reason.clone(), until }).await,
        Err(fault) => Err(fault),
    };
    answer(&auth, &caller, user, &form, done).await
}

pub(super) async fn restore(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RestoreUser>,
    Path(user): Path<UserId>,
) -> Result<Response, Refusal> {
    let done = auth.execute(&caller, RestoreUser { user }).await;
    answer(&auth, &caller, user, &BarForm::default(), done).await
}

pub(super) async fn delete(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<DeleteUser>,
    Path(user): Path<UserId>,
    Form(form): Form<BarForm>,
) -> Result<Response, Refusal> {
    let done = auth.execute(&caller, DeleteUser { user, reason: form.reason.clone() }).await;
    answer(&auth, &caller, user, &form, done).await
}

/// The account's page again: as it is now, or with what is wrong with the form.
async fn answer(
    auth: &Auth,
    caller: &Caller,
    user: UserId,
    form: &BarForm,
    done: Result<KnownAccount, Fault>,
) -> Result<Response, Refusal> {
    let fault = match done {
        Ok(_) => return Ok(Redirect::to(&format!("/accounts/{user}")).into_response()),
        Err(fault) => fault,
    };
    let (status, trouble) = mendable(fault)?;
    let known = auth.execute(caller, ReadAccount { user }).await?;
    Ok(page(status, draw(auth, caller, &known, form, &trouble)))
}

/// The end of the day somebody chose, in UTC; none when they chose none.
fn day_after(text: &str) -> Result<Option<Time>, Fault> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let day = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok().and_then(|day| day.succ_opt());
    let day = day.ok_or_else(|| Fault::invalid("until", "is not a day such as 2030-01-31"))?;
    Ok(Some(day.and_time(NaiveTime::MIN).and_utc()))
}

fn draw(auth: &Auth, caller: &Caller, known: &KnownAccount, form: &BarForm, trouble: &Trouble) -> String {
    let KnownAccount { account, state } = known;
    let now = auth.clock.now();
    let facts = [
        ("Handle", html! { "@" (account.handle) }),
        ("E-mail", html! { (account.email) }),
        ("Member since", html! { (ago(account.registered_at, now)) }),
    ];
    let body = html! {
        @if let Some(state) = state { (shown(state)) }
        (card("Account", details(&facts)))
        @if trouble.is_any() { (form_errors(&trouble.detail, &trouble.fields, &LABELS)) }
        @match state.as_ref().map(|state| state.bar.as_str()) {
            Some("gone") => {}
            Some("leaving") => { (restoring(account.id, "Restore the account")) }
            Some(_) => { (restoring(account.id, "End the suspension")) (deleting(auth, account.id)) }
            None if caller.actor.user_id() == Some(account.id) => {
                p { "This is your own account. " a href="/account" { "Look after it here." } }
            }
            None => { (suspending(account.id, form, trouble)) (deleting(auth, account.id)) }
        }
    };
    Page::new(account.display_name.as_str())
        .viewer(&caller.actor)
        .width(Width::Text)
        .noindex()
        .crumbs(vec![Crumb::new("People", "/admin/people")])
        .eyebrow(avatar(&account.id.to_string(), &account.display_name, AvatarSize::Medium))
        .render(body)
}

fn shown(state: &StateView) -> Markup {
    let head = match state.bar.as_str() {
        "suspended" => "Suspended",
        "leaving" => "About to be deleted",
        _ => "Deleted",
    };
    let words = html! {
        "Since " (exact(state.since))
        @if let Some(until) = state.until { ", until " (exact(until)) }
        "."
        @if let Some(reason) = &state.reason { " The reason: " (reason) }
    };
    alert(Tone::Warning, head, words)
}

fn restoring(user: UserId, label: &str) -> Markup {
    html! { div.buttons { (Action::post(format!("/accounts/{user}/restore"), Button::submit(label))) } }
}

fn suspending(user: UserId, form: &BarForm, trouble: &Trouble) -> Markup {
    let faults = &trouble.fields;
    card(
        "Suspend",
        html! {
            form.form method="post" action={ "/accounts/" (user) "/suspend" } {
                (Field::textarea("reason", "Reason", 3).scope("suspend").value(&form.reason).length(1, 500).required()
                    .hint("They read it when they log in, and in a mail.").faults(faults))
                (Field::date("until", "Last day").scope("suspend").value(&form.until)
                    .hint("The day's end in UTC. Empty: for good.").faults(faults))
                (Button::submit("Suspend").danger())
            }
        },
    )
}

fn deleting(auth: &Auth, user: UserId) -> Markup {
    let days = auth.settings.auth.deletion_grace_days;
    card(
        "Delete",
        html! {
            form.form method="post" action={ "/accounts/" (user) "/delete" } {
                p { "The account is shut at once. It can be restored for " (days) " days; then it is gone for good." }
                (Field::textarea("reason", "Reason", 2).scope("delete").length(0, 500).hint("They read it in a mail."))
                (Button::submit("Delete the account").danger())
            }
        },
    )
}

pub(super) async fn show_leave(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<DeleteMyAccount>,
) -> Response {
    page(StatusCode::OK, draw_leave(&auth, &caller, &Trouble::default()))
}

pub(super) async fn leave(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<DeleteMyAccount>,
    Form(form): Form<LeaveForm>,
) -> Result<Response, Refusal> {
    match auth.execute(&caller, DeleteMyAccount { password: form.current_password }).await {
        Ok(until) => {
            let until = until.format("%-d %B %Y, %H:%M UTC");
            let words = format!("It will be gone for good on {until}. Log in before to keep it.");
            let guest = Caller::new(kernel::Actor::guest(caller.actor.tenant), caller.request_id);
            let told = told(&guest, StatusCode::OK, "Goodbye", Icon::Check, "Your account is shut", &words);
            Ok(([(header::SET_COOKIE, cookie::end(&auth)?)], told).into_response())
        }
        Err(fault) if fault.is(&reasons::RUNS_THE_COMMUNITY) => {
            let words = "Make somebody else an administrator, and let them take the role from you. Then you can leave.";
            Ok(told(&caller, status_of(&fault), "Delete your account", Icon::Lock, "You run this community", words))
        }
        Err(fault) => {
            let (status, trouble) = mendable(wrong_current(fault))?;
            Ok(page(status, draw_leave(&auth, &caller, &trouble)))
        }
    }
}

fn draw_leave(auth: &Auth, caller: &Caller, trouble: &Trouble) -> String {
    let faults = &trouble.fields;
    form_page(
        caller,
        "Delete your account",
        "/account/delete",
        html! {
            @if trouble.is_any() { (form_errors(&trouble.detail, faults, &[("current_password", "Password")])) }
            p {
                "You are logged out everywhere at once. For " (auth.settings.auth.deletion_grace_days)
                " days you can log in and keep the account. After that it is gone for good: your name goes from what you \
                 wrote, and your writing stays."
            }
            (Field::password("current_password", "Password").required().autocomplete("current-password").faults(faults))
            (Button::submit("Delete my account").danger().wide())
        },
    )
}
