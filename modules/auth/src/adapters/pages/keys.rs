//! Keys for programs: one's own, and those of service accounts. A key is shown on the page that answers its making, and on
//! no other.

use super::{Trouble, form_page, mendable, page};
use crate::Auth;
use crate::domain::KeyForm;
use crate::usecases::{
    KeyList, KeyView, ListKeys, ListServiceAccounts, MadeKey, MakeKey, MakeServiceAccount, RevokeKey,
    ServiceAccountView,
};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::{Caller, Time, UserId};
use runtime::http::{Admitted, Path, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{
    Action, Button, Choice, Column, Field, Icon, Markup, Page, Table, Tone, Width, ago, alert, badge, card,
    form_errors, html,
};
use uuid::Uuid;

const DAY_S: u64 = 24 * 3_600;
/// What people choose from, in days.
const LIVES: [u64; 5] = [7, 30, 90, 180, 365];
const LABELS: [(&str, &str); 5] = [
    ("name", "Name"),
    ("scopes", "May be used for"),
    ("expires_in_s", "Lives for"),
    ("handle", "Handle"),
    ("display_name", "Name"),
];

/// The form as browsers send it: each ticked scope is a pair of its own.
type Pairs = Vec<(String, String)>;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AccountForm {
    handle: String,
    display_name: String,
}

pub(super) async fn show_own(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ListKeys>,
) -> Result<Response, Refusal> {
    keys_page(&auth, &caller, None, StatusCode::OK, (&KeyForm::default(), &Trouble::default())).await
}

pub(super) async fn make_own(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<MakeKey>,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Refusal> {
    make(&auth, &caller, None, &pairs).await
}

pub(super) async fn show_of_service(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ListKeys>,
    Path(owner): Path<UserId>,
) -> Result<Response, Refusal> {
    keys_page(&auth, &caller, Some(owner), StatusCode::OK, (&KeyForm::default(), &Trouble::default())).await
}

pub(super) async fn make_of_service(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<MakeKey>,
    Path(owner): Path<UserId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Refusal> {
    make(&auth, &caller, Some(owner), &pairs).await
}

pub(super) async fn revoke_own(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RevokeKey>,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    auth.execute(&caller, RevokeKey { id }).await?;
    Ok(Redirect::to(&place(None)).into_response())
}

pub(super) async fn revoke_of_service(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<RevokeKey>,
    Path((owner, id)): Path<(UserId, Uuid)>,
) -> Result<Response, Refusal> {
    auth.execute(&caller, RevokeKey { id }).await?;
    Ok(Redirect::to(&place(Some(owner))).into_response())
}

pub(super) async fn show_services(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ListServiceAccounts>,
) -> Result<Response, Refusal> {
    let accounts = auth.execute(&caller, ListServiceAccounts).await?;
    Ok(page(StatusCode::OK, draw_services(&auth, &caller, &accounts)))
}

pub(super) async fn make_service(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<MakeServiceAccount>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Refusal> {
    let usecase = MakeServiceAccount { handle: form.handle.clone(), display_name: form.display_name.clone() };
    match auth.execute(&caller, usecase).await.map_err(super::account_form::at_its_field) {
        Ok(account) => Ok(Redirect::to(&place(Some(account.id))).into_response()),
        Err(fault) => {
            let (status, trouble) = mendable(fault)?;
            let fields = service_fields(&form, &trouble);
            Ok(page(status, form_page(&caller, "New service account", "/service-accounts", fields)))
        }
    }
}

async fn make(auth: &Auth, caller: &Caller, owner: Option<UserId>, pairs: &Pairs) -> Result<Response, Refusal> {
    let form = read(pairs);
    match auth.execute(caller, MakeKey { owner, form: form.clone() }).await {
        Ok(made) => Ok(page(StatusCode::OK, draw_made(caller, owner, &made))),
        Err(fault) => {
            let (status, trouble) = mendable(fault)?;
            keys_page(auth, caller, owner, status, (&form, &trouble)).await
        }
    }
}

fn read(pairs: &Pairs) -> KeyForm {
    let first = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let days = first("days").and_then(|days| days.trim().parse::<u64>().ok()).unwrap_or(0);
    KeyForm {
        name: first("name").unwrap_or_default().to_owned(),
        scopes: pairs.iter().filter_map(|(name, _)| name.strip_prefix("scope.")).map(str::to_owned).collect(),
        expires_in_s: Some(days.saturating_mul(DAY_S)),
    }
}

fn place(owner: Option<UserId>) -> String {
    owner.map_or_else(|| "/account/keys".to_owned(), |owner| format!("/service-accounts/{owner}"))
}

async fn keys_page(
    auth: &Auth,
    caller: &Caller,
    owner: Option<UserId>,
    status: StatusCode,
    form: (&KeyForm, &Trouble),
) -> Result<Response, Refusal> {
    let list = auth.execute(caller, ListKeys { owner }).await?;
    Ok(page(status, draw_keys(auth, caller, owner, &list, form)))
}

fn draw_keys(
    auth: &Auth,
    caller: &Caller,
    owner: Option<UserId>,
    list: &KeyList,
    (form, trouble): (&KeyForm, &Trouble),
) -> String {
    let now = auth.clock.now();
    let (title, lede) = match owner {
        None => ("API keys".to_owned(), "Programs that show one of these act for you, as far as it goes.".to_owned()),
        Some(_) => (list.display_name.clone(), format!("@{} is a service account: it acts with keys.", list.handle)),
    };
    let body = html! {
        @if !list.items.is_empty() { (card("Keys", key_table(owner, &list.items, now))) }
        (card("Make a key", html! {
            form.form method="post" action=(place(owner)) { (key_fields(auth, form, trouble)) }
        }))
    };
    Page::new(title).viewer(&caller.actor).width(Width::Full).noindex().lede(html! { (lede) }).render(body)
}

fn key_table(owner: Option<UserId>, keys: &[KeyView], now: Time) -> Markup {
    let columns = vec![
        Column::text("Key"),
        Column::text("May be used for"),
        Column::text("Made"),
        Column::text("Ends"),
        Column::text("Last used"),
        Column::actions("Revoke"),
    ];
    let under = owner.map_or_else(|| place(None), |owner| format!("{}/keys", place(Some(owner))));
    let table = keys.iter().fold(Table::new("Keys", columns), |table, key| {
        let revoke = Button::submit("Revoke").secondary().small().about(key.name.as_str());
        table.row(vec![
            html! { (key.name) " " code { "…" (key.hint) } },
            html! { (key.scopes.join(", ")) },
            ago(key.created_at, now),
            if key.expires_at <= now { badge(Some(Tone::Warning), "expired") } else { ui::exact(key.expires_at) },
            match key.last_used_at {
                None => html! { "never" },
                Some(at) => html! { (ago(at, now)) @if let Some(from) = &key.last_used_from { " from " (from) } },
            },
            html! { (Action::post(format!("{under}/{}/revoke", key.id), revoke)) },
        ])
    });
    html! { (table) }
}

fn key_fields(auth: &Auth, form: &KeyForm, trouble: &Trouble) -> Markup {
    let faults = &trouble.fields;
    let longest = auth.settings.auth.api_key_max_life_s / DAY_S;
    let lives = LIVES.iter().filter(|days| **days <= longest);
    let lives: Vec<Choice> = lives.map(|days| Choice::new(days.to_string(), format!("{days} days"))).collect();
    let chosen = form.expires_in_s.map_or(90.min(longest), |life| life / DAY_S);
    let of_scopes: Vec<_> = faults.iter().filter(|fault| fault.field == "scopes").collect();
    html! {
        @if trouble.is_any() { (form_errors(&trouble.detail, faults, &LABELS)) }
        (Field::text("name", "Name").hint("What it is for, so that you know which one to revoke.").value(&form.name)
            .required().length(1, 60).faults(faults))
        div.stack #scopes role="group" aria-labelledby="scopes-label" {
            div {
                strong #scopes-label { "May be used for" }
                p.field__hint { "Writing includes reading. A key never does more than its owner may." }
                @for fault in of_scopes { p.field__error { (fault.detail) } }
            }
            @for scope in auth.scopes.groups() {
                @let ticked = form.scopes.iter().any(|taken| taken == scope);
                (Field::checkbox(format!("scope.{scope}"), scope).value(if ticked { "on" } else { "" }))
            }
        }
        (Field::select("days", "Lives for", lives).value(chosen.to_string()).faults(faults))
        (Button::submit("Make the key").icon(Icon::Key))
    }
}

fn draw_made(caller: &Caller, owner: Option<UserId>, made: &MadeKey) -> String {
    let body = html! {
        (alert(Tone::Success, "Copy it now", html! { "This is the only time the key is shown. Keep it like a password." }))
        (card(&made.view.name, html! {
            p { code.secret { (made.key) } }
            p { "Sent as " code { "Authorization: Bearer …" } ", it may be used for: " (made.view.scopes.join(", ")) "." }
        }))
        (Button::link("I have copied it", place(owner)))
    };
    Page::new("Your new key").viewer(&caller.actor).width(Width::Text).noindex().render(body)
}

fn draw_services(auth: &Auth, caller: &Caller, accounts: &[ServiceAccountView]) -> String {
    let now = auth.clock.now();
    let columns = vec![Column::text("Account"), Column::text("Handle"), Column::text("Made"), Column::number("Keys")];
    let table = accounts.iter().fold(Table::new("Service accounts", columns), |table, account| {
        table.row(vec![
            html! { a href=(place(Some(account.id))) { (account.display_name) } },
            html! { "@" (account.handle) },
            ago(account.created_at, now),
            html! { (account.keys) },
        ])
    });
    let body = html! {
        @if !accounts.is_empty() { (card("Service accounts", html! { (table) })) }
        (card("Make one", html! {
            form.form method="post" action="/service-accounts" {
                (service_fields(&AccountForm::default(), &Trouble::default()))
            }
        }))
    };
    let lede = "Accounts for programs. Nobody logs in to one; it acts with keys, in the role it is given.";
    Page::new("Service accounts").viewer(&caller.actor).width(Width::Full).noindex().lede(html! { (lede) }).render(body)
}

fn service_fields(form: &AccountForm, trouble: &Trouble) -> Markup {
    let faults = &trouble.fields;
    html! {
        @if trouble.is_any() { (form_errors(&trouble.detail, faults, &LABELS)) }
        (Field::text("handle", "Handle").hint("Letters, digits, - and _.").value(&form.handle).required().length(3, 30)
            .faults(faults))
        (Field::text("display_name", "Name").hint("Shown beside what it writes.").value(&form.display_name).required()
            .length(1, 60).faults(faults))
        (Button::submit("Make the account"))
    }
}
