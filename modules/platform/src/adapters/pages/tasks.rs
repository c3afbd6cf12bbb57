//! Tasks to look through, and the way to redrive what the search found.

use super::{Outcome, page, silence, state_badge, views};
use crate::Platform;
use crate::domain::TypedFilter;
use crate::usecases::{FoundTask, Gathered, ListTasks};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use kernel::{Caller, Cursor, FaultCode, FieldFault, PageRequest, TaskState};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Choice, Column, EmptyState, Field, Flash, Icon, Pages, Table, Tone, ago, badge, form_errors};

const ADDRESS: &str = "/platform/tasks/search";
const LABELS: [(&str, &str); 3] = [("tenant_id", "Community"), ("state", "State"), ("cursor", "Page")];

/// The filter as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct View {
    #[serde(default)]
    pub(super) module: String,
    #[serde(default)]
    pub(super) queue: String,
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) key: String,
    #[serde(default)]
    pub(super) tenant_id: String,
    #[serde(default)]
    pub(super) state: String,
    pub(super) cursor: Option<String>,
}

impl View {
    pub(super) fn pairs(&self) -> [(&'static str, &str); 6] {
        [
            ("state", &self.state),
            ("kind", &self.kind),
            ("key", &self.key),
            ("module", &self.module),
            ("queue", &self.queue),
            ("tenant_id", &self.tenant_id),
        ]
    }

    pub(super) fn is_filtered(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }

    /// The address of the first page with this filter.
    pub(super) fn address(&self) -> String {
        format!("{ADDRESS}{}", ui::url_query(&self.pairs()))
    }

    pub(super) fn module(&self) -> Option<String> {
        Some(self.module.clone())
    }

    pub(super) fn filter(&self) -> TypedFilter {
        let some = |text: &str| Some(text.to_owned());
        TypedFilter {
            queue: some(&self.queue),
            kind: some(&self.kind),
            key: some(&self.key),
            tenant: some(&self.tenant_id),
            state: some(&self.state),
        }
    }
}

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ListTasks>,
    Query(view): Query<View>,
    Query(outcome): Query<Outcome>,
) -> Result<Response, Refusal> {
    let page = PageRequest { cursor: view.cursor.clone().map(Cursor), limit: None };
    let wanted = ListTasks { module: view.module(), filter: view.filter(), page };
    match platform.execute(&caller, wanted).await {
        Ok(found) => {
            let result = shown(&platform, &view, &found);
            Ok(Html(render(&platform, &caller, &view, result, &[], outcome.flash())).into_response())
        }
        Err(fault) if fault.code == FaultCode::Invalid => {
            let wrong = form_errors("Nothing can be looked for like this.", &fault.fields, &LABELS);
            let page = Html(render(&platform, &caller, &view, wrong, &fault.fields, None));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

fn render(
    platform: &Platform,
    caller: &Caller,
    view: &View,
    result: Markup,
    faults: &[FieldFault],
    flash: Option<Flash>,
) -> String {
    let body = html! { (views(ADDRESS)) (search(platform, view, faults)) (result) };
    page("Tasks", caller).lede(html! { "Every module's tasks, the newest first." }).flash(flash).render(body)
}

/// Closed unless something is wrong with it; what it holds stands beside it.
fn search(platform: &Platform, view: &View, faults: &[FieldFault]) -> Markup {
    let modules = platform.desks.modules().into_iter().map(|module| Choice::new(module, module));
    let modules = [Choice::new("", "Every module")].into_iter().chain(modules).collect();
    let states = TaskState::ALL.map(|state| Choice::new(state.name(), state.name()));
    let states = [Choice::new("", "Every state")].into_iter().chain(states).collect();
    html! {
        details.card.stack open[!faults.is_empty() || !view.is_filtered()] {
            summary {
                "Search"
                @for (name, value) in view.pairs().into_iter().filter(|(_, value)| !value.is_empty()) {
                    " " (badge(Some(Tone::Info), &format!("{name}: {value}")))
                }
            }
            form.form role="search" method="get" action=(ADDRESS) {
                div.fields-row {
                    (Field::select("state", "State", states).value(&view.state).faults(faults))
                    (Field::select("module", "Module", modules).value(&view.module).faults(faults))
                    (Field::text("queue", "Queue").value(&view.queue).placeholder("default"))
                    (Field::text("kind", "Kind").value(&view.kind).placeholder("forum.sweep_drafts"))
                    (Field::text("key", "Unique key").value(&view.key))
                    (Field::text("tenant_id", "Community").value(&view.tenant_id).placeholder("Its id").faults(faults))
                }
                div.buttons {
                    (Button::submit("Show").icon(Icon::Search))
                    @if view.is_filtered() { (Button::link("Everything", ADDRESS).quiet()) }
                }
            }
        }
    }
}

fn shown(platform: &Platform, view: &View, found: &Gathered<FoundTask>) -> Markup {
    let redrive = format!("/platform/tasks/redrive{}", ui::url_query(&view.pairs()));
    html! {
        (silence(&found.silent))
        @if found.page.items.is_empty() {
            (nothing(view, found.page.next.is_some()))
        } @else {
            @if view.state == TaskState::Dead.name() {
                div.buttons { (Button::link("Redrive all of these", redrive).secondary().icon(Icon::Reply)) }
            }
            (table(platform, found))
        }
        (Pages::by_cursor(&view.address(), view.cursor.is_none(), found.page.next.as_ref()))
    }
}

fn nothing(view: &View, goes_on: bool) -> Markup {
    let text = match (goes_on, view.cursor.is_some(), view.is_filtered()) {
        (true, ..) => "None of those looked at so far is like that. Older ones may be.",
        (false, true, _) => "No older task is like that.",
        (false, false, true) => "No task is like that.",
        (false, false, false) => "Nothing has been enqueued yet.",
    };
    EmptyState::new(Icon::Pulse, "No tasks", text).render()
}

fn table(platform: &Platform, found: &Gathered<FoundTask>) -> Markup {
    let columns = vec![
        Column::text("Task"),
        Column::text("State"),
        Column::text("Queue"),
        Column::number("Tries"),
        Column::text("Enqueued"),
    ];
    let now = platform.clock.now();
    let row = |found: &FoundTask| {
        let task = &found.task;
        let name = html! {
            a href={ "/platform/tasks/" (found.module) "/" (task.id) } { code { (task.kind) } }
            @if let Some(key) = &task.key { " " span.muted { (key) } }
            @if let Some(error) = &task.error { div.error-words { (error) } }
        };
        let queue = html! { span.nowrap { span.muted { (found.module) " /" } " " (task.queue) } };
        let tries = html! { (task.attempts) };
        vec![name, state_badge(task.state), queue, tries, ago(task.enqueued_at, now)]
    };
    found.page.items.iter().fold(Table::new("Tasks", columns), |table, found| table.row(row(found))).render()
}
