//! Sagas to look through, the stuck ones with what keeps them.

use super::{page, saga_badge, silence, views, word};
use crate::Platform;
use crate::domain::{SAGA_STATES, TypedSagaFilter};
use crate::usecases::{FoundSaga, Gathered, ListSagas};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use kernel::{Caller, Cursor, FaultCode, FieldFault, PageRequest};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Choice, Column, EmptyState, Field, Icon, Pages, Table, Tone, ago, badge, form_errors};

const ADDRESS: &str = "/platform/sagas";
const LABELS: [(&str, &str); 2] = [("state", "State"), ("cursor", "Page")];

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

impl View {
    fn pairs(&self) -> [(&'static str, &str); 4] {
        [("state", &self.state), ("module", &self.module), ("kind", &self.kind), ("correlation", &self.correlation)]
    }

    fn is_filtered(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }

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
    match platform.execute(&caller, view.wanted()).await {
        Ok(found) => Ok(Html(render(&platform, &caller, &view, shown(&platform, &view, &found), &[])).into_response()),
        Err(fault) if fault.code == FaultCode::Invalid => {
            let wrong = form_errors("Nothing can be looked for like this.", &fault.fields, &LABELS);
            let page = Html(render(&platform, &caller, &view, wrong, &fault.fields));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

fn render(platform: &Platform, caller: &Caller, view: &View, result: Markup, faults: &[FieldFault]) -> String {
    let stuck = format!("{ADDRESS}?state=stuck");
    let body = html! { (views(ADDRESS)) (search(platform, view, faults)) (result) };
    let lede = html! { "What takes several steps, and is undone when it cannot be done." };
    let page = page("Sagas", caller).lede(lede);
    page.actions(Button::link("Stuck ones", stuck).secondary().icon(Icon::Warning).render()).render(body)
}

fn search(platform: &Platform, view: &View, faults: &[FieldFault]) -> Markup {
    let modules = platform.desks.modules().into_iter().map(|module| Choice::new(module, module));
    let modules = [Choice::new("", "Every module")].into_iter().chain(modules).collect();
    let states = SAGA_STATES.map(|state| Choice::new(state, state));
    let states = [Choice::new("", "Every state")].into_iter().chain(states).collect();
    html! {
        details.card.stack open[!faults.is_empty()] {
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
                    (Field::text("kind", "Kind").value(&view.kind).placeholder("forum.award_bounty"))
                    (Field::text("correlation", "About").value(&view.correlation).placeholder("A bounty's id"))
                }
                div.buttons {
                    (Button::submit("Show").icon(Icon::Search))
                    @if view.is_filtered() { (Button::link("Everything", ADDRESS).quiet()) }
                }
            }
        }
    }
}

fn shown(platform: &Platform, view: &View, found: &Gathered<FoundSaga>) -> Markup {
    let nothing = match (found.page.next.is_some(), view.cursor.is_some(), view.is_filtered()) {
        (true, ..) => "None of those looked at so far is like that. Older ones may be.",
        (false, true, _) => "No older saga is like that.",
        (false, false, true) => "No saga is like that.",
        (false, false, false) => "No module has begun one yet.",
    };
    let address = format!("{ADDRESS}{}", ui::url_query(&view.pairs()));
    html! {
        (silence(&found.silent))
        @if found.page.items.is_empty() {
            (EmptyState::new(Icon::Compass, "No sagas", nothing))
        } @else {
            (table(platform, found))
        }
        (Pages::by_cursor(&address, view.cursor.is_none(), found.page.next.as_ref()))
    }
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
            a href={ "/platform/sagas/" (found.module) "/" (saga.id) } { code { (saga.kind) } }
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
