//! Sagas to look through, the stuck ones with what keeps them.

use super::search::{self, Search};
use super::{saga_badge, thing, word};
use crate::Platform;
use crate::domain::{SAGA_STATES, TypedSagaFilter};
use crate::usecases::{FoundSaga, Gathered, ListSagas};
use axum::extract::State;
use axum::response::Response;
use kernel::{Cursor, FieldFault, PageRequest};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Column, Field, Icon, Table, ago};

/// The filter as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct View {
    #[serde(default)]
    module: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    correlation: String,
    #[serde(default)]
    state: String,
    cursor: Option<String>,
}

impl Search for View {
    const ADDRESS: &'static str = "/platform/sagas";
    const THING: &'static str = "Saga";
    const ICON: Icon = Icon::Compass;
    const NONE_YET: &'static str = "No module has begun one yet.";
    const LABELS: &'static [(&'static str, &'static str)] =
        &[("state", "State"), ("kind", "Kind"), ("correlation", "About"), ("cursor", "Page")];

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        vec![("state", &self.state), ("module", &self.module), ("kind", &self.kind), ("correlation", &self.correlation)]
    }

    fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    fn states() -> Vec<&'static str> {
        SAGA_STATES.to_vec()
    }

    fn fields(&self, faults: &[FieldFault]) -> Markup {
        html! {
            (Field::text("kind", "Kind").value(&self.kind).placeholder("forum.award_bounty").faults(faults))
            (Field::text("correlation", "About").value(&self.correlation).placeholder("A bounty's id").faults(faults))
        }
    }
}

impl View {
    fn wanted(&self) -> ListSagas {
        let some = |text: &str| Some(text.to_owned());
        let filter =
            TypedSagaFilter { kind: some(&self.kind), correlation: some(&self.correlation), state: some(&self.state) };
        let page = PageRequest { cursor: self.cursor.clone().map(Cursor), limit: None };
        ListSagas { module: some(&self.module), filter, page }
    }
}

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ListSagas>,
    Query(view): Query<View>,
) -> Result<Response, Refusal> {
    let found = platform.execute(&caller, view.wanted()).await;
    let dress = |page: ui::Page| {
        let stuck = format!("{}?state=stuck", View::ADDRESS);
        let lede = html! { "What takes several steps, and is undone when it cannot be done." };
        page.lede(lede).actions(Button::link("Stuck ones", stuck).secondary().icon(Icon::Warning).render())
    };
    search::answer(&platform, &caller, &view, found, dress, |found| table(&platform, found))
}

fn table(platform: &Platform, found: &Gathered<FoundSaga>) -> Markup {
    let columns = vec![
        Column::text("Saga"),
        Column::text("State"),
        Column::text("Step"),
        Column::text("Next attempt"),
        Column::text("Moved"),
    ];
    let now = platform.clock.now();
    let row = |found: &FoundSaga| {
        let saga = &found.saga;
        let name = html! {
            a href=(thing("sagas", &found.module, saga.id)) { code { (saga.kind) } }
            " " span.muted { (saga.correlation) }
            @if let Some(error) = &saga.error { div.error-words { (error) } }
        };
        let step = html! {
            @if let Some(step) = &saga.step {
                (word(step))
                @if saga.attempts > 1 { " " span.muted { "tried " (saga.attempts) " times" } }
            } @else { "–" }
        };
        let next = html! { @if let Some(next) = saga.next_at { (ago(next, now)) } @else { "–" } };
        vec![name, saga_badge(&saga.state), step, next, ago(saga.updated_at, now)]
    };
    found.page.items.iter().fold(Table::new("Sagas", columns), |table, found| table.row(row(found))).render()
}
