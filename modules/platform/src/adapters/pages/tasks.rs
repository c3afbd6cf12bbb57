//! Tasks to look through, and the way to redrive what the search found.

use super::search::{self, Search};
use super::{Outcome, Shown, state_badge, thing};
use crate::Platform;
use crate::adapters::words::counted;
use crate::domain::TypedFilter;
use crate::usecases::{FoundTask, Gathered, ListTasks};
use axum::extract::State;
use axum::response::Response;
use kernel::{Cursor, FieldFault, PageRequest, TaskState};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Column, Field, Icon, Table, ago, url_query};

/// What redriving everything that was found comes to, as the address it leads back to says.
pub(super) const REDRIVEN: &str = "redrive-all";

/// The filter as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct View {
    #[serde(default)]
    module: String,
    #[serde(default)]
    queue: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    tenant_id: String,
    #[serde(default)]
    state: String,
    cursor: Option<String>,
}

impl Search for View {
    const ADDRESS: &'static str = "/platform/tasks/search";
    const THING: &'static str = "Task";
    const ICON: Icon = Icon::Pulse;
    const NONE_YET: &'static str = "Nothing has been enqueued yet.";
    const LABELS: &'static [(&'static str, &'static str)] = &[
        ("tenant_id", "Community"),
        ("state", "State"),
        ("queue", "Queue"),
        ("kind", "Kind"),
        ("key", "Unique key"),
        ("cursor", "Page"),
    ];

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("state", &self.state),
            ("kind", &self.kind),
            ("key", &self.key),
            ("module", &self.module),
            ("queue", &self.queue),
            ("tenant_id", &self.tenant_id),
        ]
    }

    fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    fn states() -> Vec<&'static str> {
        TaskState::ALL.map(TaskState::name).to_vec()
    }

    fn fields(&self, faults: &[FieldFault]) -> Markup {
        html! {
            (Field::text("queue", "Queue").value(&self.queue).placeholder("default").faults(faults))
            (Field::text("kind", "Kind").value(&self.kind).placeholder("forum.sweep_drafts").faults(faults))
            (Field::text("key", "Unique key").value(&self.key).faults(faults))
            (Field::text("tenant_id", "Community").value(&self.tenant_id).placeholder("Its id").faults(faults))
        }
    }
}

impl View {
    /// The first page of the same in that state; in any when it is empty.
    pub(super) fn in_state(&self, state: &str) -> Self {
        Self { state: state.to_owned(), cursor: None, ..self.clone() }
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
    let found = platform.execute(&caller, wanted).await;
    let shown = if outcome.is(REDRIVEN) { Shown::done(redriven(outcome.touched)) } else { Shown::default() };
    let dress = |page: ui::Page| page.lede(html! { "Every module's tasks, the newest first." }).flash(shown.flash);
    search::answer(&platform, &caller, &view, found, dress, |found| list(&platform, &view, found))
}

/// What redriving all of some sort came to.
pub(super) fn redriven(count: u64) -> String {
    format!("{} {} another life.", counted(count, "dead letter"), if count == 1 { "gets" } else { "get" })
}

fn list(platform: &Platform, view: &View, found: &Gathered<FoundTask>) -> Markup {
    let redrive = format!("/platform/tasks/redrive{}", url_query(&view.pairs()));
    html! {
        @if view.state == TaskState::Dead.name() {
            div.buttons { (Button::link("Redrive all of these", redrive).secondary().icon(Icon::Reply)) }
        }
        (table(platform, found))
    }
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
            a href=(thing("tasks", &found.module, task.id)) { code { (task.kind) } }
            @if let Some(key) = &task.key { " " span.muted { (key) } }
            @if let Some(error) = &task.error { div.error-words { (error) } }
        };
        let queue = html! { span.nowrap { span.muted { (found.module) " /" } " " (task.queue) } };
        let tries = html! { (task.attempts) };
        vec![name, state_badge(task.state), queue, tries, ago(task.enqueued_at, now)]
    };
    found.page.items.iter().fold(Table::new("Tasks", columns), |table, found| table.row(row(found))).render()
}
