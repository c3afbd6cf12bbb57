//! The console for people. Its pages work without JavaScript; with it their numbers stay current.

mod ask;
mod confirm;
mod queues;
mod saga;
mod sagas;
mod schedules;
mod task;
mod tasks;

use crate::Platform;
use crate::desks::Silent;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use kernel::{Caller, Fault, FaultCode, IdempotencyKey, TaskState};
use maud::{Markup, html};
use runtime::http::status_of;
use serde::Deserialize;
use std::sync::Arc;
use ui::{Field, Flash, Nav, Page, Tab, Tone, alert, badge, tabs};

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

/// What an order's form carries.
#[derive(Debug, Default, Deserialize)]
struct OrderForm {
    idempotency_key: Option<String>,
}

/// The hidden field that makes a form sent twice act once.
fn once(platform: &Platform) -> Markup {
    Field::hidden("idempotency_key", &platform.ids.next().to_string())
}

/// The caller with the key its form carried.
fn keyed(mut caller: Caller, key: Option<&str>) -> Caller {
    if let Some(key) = key.and_then(IdempotencyKey::parse) {
        caller.idempotency_key = Some(key);
    }
    caller
}

/// What the last order came to, as the address of the page it led back to says.
#[derive(Debug, Clone, Default, Deserialize)]
struct Outcome {
    done: Option<String>,
    #[serde(default)]
    touched: u64,
}

impl Outcome {
    /// The words for it. An address can only choose among them.
    fn flash(&self) -> Option<Flash> {
        let text = match self.done.as_deref()? {
            "pause" => "Nothing more is started in this queue.",
            "resume" => "The queue goes on.",
            "limits" => "The limits hold from now on.",
            "redrive" => "The task gets another life.",
            "cancel" => "The task is stopped; one that runs stops as soon as it listens.",
            "run-now" => "The schedule fires once, besides its ticks.",
            "pause-schedule" => "The schedule fires no more.",
            "resume-schedule" => "The schedule fires again.",
            "retry" => "The step is tried again now.",
            "skip" => "The step counts as done.",
            "compensate" => "The saga is being undone.",
            "redrive-all" if self.touched == 1 => "1 dead letter gets another life.",
            "redrive-all" => {
                return Some(Flash::new(Tone::Success, format!("{} dead letters get another life.", self.touched)));
            }
            _ => return None,
        };
        Some(Flash::new(Tone::Success, text))
    }
}

/// Whether the page is shown again with what the order was refused for.
fn is_shown(fault: &Fault) -> bool {
    use FaultCode::{Conflict, Invalid, NotFound, Stale, Unavailable};
    matches!(fault.code, Conflict | Invalid | NotFound | Stale | Unavailable)
}

/// A page shown again with what the order was refused for.
fn refused(fault: &Fault, page: String) -> Response {
    (status_of(fault), Html(page)).into_response()
}

fn failed(fault: &Fault) -> Option<Flash> {
    Some(Flash::new(Tone::Danger, fault.detail.clone()))
}

/// Back to where the order was given.
fn back(path: &str, done: &str) -> Response {
    let joint = if path.contains('?') { '&' } else { '?' };
    (StatusCode::SEE_OTHER, Redirect::to(&format!("{path}{joint}done={done}"))).1.into_response()
}

/// A path made of words that may hold anything.
fn path(parts: &[&str]) -> String {
    // `url_query` escapes a value and puts `?=` before it.
    parts.iter().map(|part| format!("/{}", &ui::url_query(&[("", part)])[2..])).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_chooses_words_and_brings_none() {
        let said = |done: &str| Outcome { done: Some(done.to_owned()), touched: 3 }.flash().map(|flash| flash.text);
        assert_eq!(said("redrive-all").unwrap(), "3 dead letters get another life.");
        assert_eq!(said("you have won"), None);
    }

    #[test]
    fn nothing_breaks_out_of_a_path() {
        assert_eq!(path(&["platform", "queues", "forum", "a/b?c"]), "/platform/queues/forum/a%2Fb%3Fc");
        assert_eq!(path(&["x"]), "/x");
    }
}
