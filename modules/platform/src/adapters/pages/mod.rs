//! The console for people. Its pages work without JavaScript; with it their numbers stay current.

mod ask;
mod confirm;
mod queues;
mod saga;
mod sagas;
mod schedules;
mod search;
mod shown;
mod task;
mod tasks;

use self::shown::{OrderForm, Outcome, Shown, answered};
use crate::Platform;
use crate::desks::Silent;
use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};
use kernel::{Caller, TaskState};
use maud::{Markup, html};
use std::sync::Arc;
use ui::{Nav, Page, Tab, Tone, alert, badge, tabs, url_path};
use uuid::Uuid;

/// The pages' routes.
pub(crate) fn router() -> Router<Arc<Platform>> {
    Router::new()
        .route("/platform", get(|| async { Redirect::to("/platform/tasks") }))
        .route("/platform/tasks", get(queues::show))
        .route("/platform/queues/{module}/{queue}/limits", post(queues::limit))
        .route("/platform/queues/{module}/{queue}/{order}", post(queues::order))
        .route("/platform/tasks/search", get(tasks::show))
        .route("/platform/tasks/redrive", get(confirm::show).post(confirm::redrive))
        .route("/platform/tasks/{module}/{id}", get(task::show))
        .route("/platform/tasks/{module}/{id}/{order}", get(ask::about_task).post(task::order))
        .route("/platform/schedules", get(schedules::show))
        .route("/platform/schedules/{module}/{name}/{order}", post(schedules::order))
        .route("/platform/sagas", get(sagas::show))
        .route("/platform/sagas/{module}/{id}", get(saga::show))
        .route("/platform/sagas/{module}/{id}/{order}", get(ask::about_saga).post(saga::order))
}

fn page(title: impl Into<String>, caller: &Caller) -> Page {
    Page::new(title).viewer(&caller.actor).nav(Nav::Tasks).noindex()
}

/// The views of the console.
fn views(current: &str) -> Markup {
    let all = [
        ("Queues", "/platform/tasks"),
        ("Search", "/platform/tasks/search"),
        ("Schedules", "/platform/schedules"),
        ("Sagas", "/platform/sagas"),
    ];
    let tab = |(label, href): (&str, &str)| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        current: href == current,
        count: None,
    };
    tabs("Console", &all.map(tab))
}

/// The address of a task or saga, the one its orders are given under.
fn thing(kind: &str, module: &str, id: Uuid) -> String {
    url_path(&["platform", kind, module, &id.to_string()])
}

/// Which modules' part is missing.
fn silence(silent: &[Silent]) -> Markup {
    html! {
        @for silent in silent {
            (alert(
                Tone::Warning,
                &format!("{} does not answer", silent.module),
                html! { "What it has is missing here. " (silent.detail) },
            ))
        }
    }
}

fn state_badge(state: TaskState) -> Markup {
    use TaskState::{Cancelled, Dead, Done, Expired, Ready, Replaced, Running, Scheduled, Waiting};
    let tone = match state {
        Ready | Running => Some(Tone::Info),
        Done => Some(Tone::Success),
        Dead => Some(Tone::Danger),
        Expired => Some(Tone::Warning),
        Scheduled | Waiting | Cancelled | Replaced => None,
    };
    badge(tone, state.name())
}

fn saga_badge(state: &str) -> Markup {
    let tone = match state {
        "running" => Some(Tone::Info),
        "done" | "skipped" => Some(Tone::Success),
        "stuck" | "failed" => Some(Tone::Danger),
        "compensating" => Some(Tone::Warning),
        _ => None,
    };
    badge(tone, state)
}

/// JSON for people, as wide as there is room.
fn payload(label: &str, value: &serde_json::Value) -> Markup {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    html! { pre.payload tabindex="0" role="region" aria-label=(label) { code { (text) } } }
}

/// What went wrong, with its causes.
fn error(text: &str) -> Markup {
    html! { pre.payload tabindex="0" role="region" aria-label="Error" { (text) } }
}

fn word(word: impl std::fmt::Display) -> Markup {
    html! { code { (word.to_string()) } }
}
