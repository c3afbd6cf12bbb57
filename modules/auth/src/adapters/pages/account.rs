//! Somebody's own account, and where they are logged in.

use super::page;
use crate::adapters::cookie;
use crate::usecases::{AccountView, ListSessions, LogOut, LogOutElsewhere, ReadMe, SessionView};
use crate::{Auth, operations};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::{Caller, Cursor, Page as Part, PageRequest, SessionId, Time};
use runtime::http::{Admitted, Path, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{
    Action, AvatarSize, Button, Column, Markup, Page, Pages, Table, Tone, Width, ago, avatar, badge, card, details,
    html,
};

/// What browsers call themselves, the more particular first: most of them claim to be others as well.
const BROWSERS: [(&str, &str); 5] =
    [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
const SYSTEMS: [(&str, &str); 6] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

#[derive(Deserialize)]
pub(super) struct Place {
    cursor: Option<Cursor>,
}

pub(super) async fn show(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ReadMe>,
    Query(place): Query<Place>,
) -> Result<Response, Refusal> {
    let first = place.cursor.is_none();
    let account = auth.execute(&caller, ReadMe).await?;
    let list = ListSessions { page: PageRequest { cursor: place.cursor, limit: None } };
    let sessions = auth.execute(&caller, list).await?;
    Ok(page(StatusCode::OK, draw(&auth, &caller, &account, &sessions, first)))
}

pub(super) async fn end_session(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<LogOut>,
    Path(id): Path<SessionId>,
) -> Result<Response, Refusal> {
    auth.execute(&caller, LogOut { id }).await?;
    if caller.actor.session == Some(id) {
        return Ok(([(header::SET_COOKIE, cookie::end(&auth)?)], Redirect::to("/")).into_response());
    }
    Ok(Redirect::to("/account").into_response())
}

pub(super) async fn end_others(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<LogOutElsewhere>,
) -> Result<Response, Refusal> {
    auth.execute(&caller, LogOutElsewhere).await?;
    Ok(Redirect::to("/account").into_response())
}

fn draw(auth: &Auth, caller: &Caller, account: &AccountView, sessions: &Part<SessionView>, first: bool) -> String {
    let now = auth.clock.now();
    let facts = [
        ("Handle", html! { "@" (account.handle) }),
        ("E-mail", html! { (account.email) " " (standing(account)) }),
        ("Role", html! { (caller.actor.role.name()) }),
        ("Member since", html! { (ago(account.registered_at, now)) }),
    ];
    let body = html! {
        (card("Profile", details(&facts)))
        (card("Where you are logged in", html! {
            (list(sessions, now))
            @if sessions.items.len() > 1 {
                div.card__foot {
                    (Action::post("/account/sessions/end-others", Button::submit("End all others").secondary().small()))
                }
            }
        }))
        (Pages::by_cursor("/account", first, sessions.next.as_ref()))
    };
    Page::new(account.display_name.as_str())
        .viewer(&caller.actor)
        .width(Width::Text)
        .noindex()
        .actions(changes(auth, caller, account))
        .eyebrow(avatar(&account.id.to_string(), &account.display_name, AvatarSize::Medium))
        .render(body)
}

/// What can be changed about the account.
fn changes(auth: &Auth, caller: &Caller, account: &AccountView) -> Markup {
    let mails = auth.mailer.is_some();
    html! {
        @if mails && !account.email_proven {
            (Action::post("/account/email/prove", Button::submit("Prove your address").small()))
        }
        (Button::link("Change profile", "/account/profile").secondary().small())
        (Button::link("Security", "/account/security").secondary().small())
        (Button::link("Change password", "/account/password").secondary().small())
        @if auth.may_invite(caller) { (Button::link("Invitations", "/invitations").secondary().small()) }
        @if mails { (Button::link("Change e-mail", "/account/email").secondary().small()) }
        (Button::link("API keys", "/account/keys").secondary().small())
        @if auth.pipeline.gate().admit(caller, &operations::LIST_SERVICE_ACCOUNTS).is_ok() {
            (Button::link("Service accounts", "/service-accounts").secondary().small())
        }
        (Button::link("Delete account", "/account/delete").quiet().small())
    }
}

fn standing(account: &AccountView) -> Markup {
    if account.email_proven { badge(Some(Tone::Success), "proven") } else { badge(None, "not proven yet") }
}

fn list(sessions: &Part<SessionView>, now: Time) -> Markup {
    let columns = vec![
        Column::text("Device"),
        Column::text("From"),
        Column::text("Since"),
        Column::text("Last seen"),
        Column::actions("End"),
    ];
    let table = sessions.items.iter().fold(Table::new("Your log-ins", columns), |table, session| {
        let end = Button::submit("End").secondary().small();
        table.row(vec![
            html! { (device(session)) @if session.current { " " (badge(Some(Tone::Success), "this one")) } },
            html! { (session.address.as_deref().unwrap_or("unknown")) },
            ago(session.created_at, now),
            ago(session.last_seen_at, now),
            html! { (Action::post(format!("/account/sessions/{}/end", session.id), end)) },
        ])
    });
    html! { (table) }
}

/// The device in words somebody recognises, or as it calls itself.
fn device(session: &SessionView) -> String {
    if !session.is_browser {
        return "API client".to_owned();
    }
    let Some(agent) = session.user_agent.as_deref() else { return "Unknown".to_owned() };
    let known =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (known(&BROWSERS), known(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ => agent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn session(is_browser: bool, user_agent: Option<&str>) -> SessionView {
        SessionView {
            id: SessionId(Uuid::nil()),
            is_browser,
            created_at: Time::UNIX_EPOCH,
            last_seen_at: Time::UNIX_EPOCH,
            expires_at: Time::UNIX_EPOCH,
            user_agent: user_agent.map(str::to_owned),
            address: None,
            current: false,
        }
    }

    #[test]
    fn device_is_named_so_that_its_owner_recognises_it() {
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0";
        assert_eq!(device(&session(true, Some(edge))), "Edge on Windows");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1";
        assert_eq!(device(&session(true, Some(phone))), "Safari on iPhone");
        assert_eq!(device(&session(true, Some("curl/8.5"))), "curl/8.5");
        assert_eq!(device(&session(false, None)), "API client");
    }
}
