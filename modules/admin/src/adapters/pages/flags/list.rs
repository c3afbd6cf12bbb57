//! Which flags there are.

use super::{LIST, NEW, address, switch_badge, who};
use crate::Admin;
use crate::adapters::pages::{page, views};
use crate::operations::DEFINE_FLAG;
use crate::store::FlagView;
use crate::usecases::ListFlags;
use axum::extract::State;
use axum::response::Html;
use kernel::{Attribute, Caller, Cursor, Page, PageRequest, Resource};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Column, EmptyState, Field, Icon, Pages, Table, Tone, ago, badge, url_query};

/// Which part of the list somebody looks at.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct View {
    #[serde(default)]
    query: String,
    #[serde(default)]
    archived: String,
    cursor: Option<String>,
}

impl View {
    /// Whether it is those put away.
    fn archived(&self) -> bool {
        !self.archived.is_empty()
    }
}

pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListFlags>,
    Query(view): Query<View>,
) -> Result<Html<String>, Refusal> {
    let page = PageRequest { cursor: view.cursor.clone().map(Cursor), limit: None };
    let usecase = ListFlags { query: Some(view.query.clone()), archived: view.archived(), page };
    let flags = admin.execute(&caller, usecase).await?;
    Ok(Html(render(&admin, &caller, &view, &flags)))
}

fn render(admin: &Admin, caller: &Caller, view: &View, flags: &Page<FlagView>) -> String {
    let new = Resource::new("Flag", "", caller.actor.tenant).with("public", Attribute::Flag(false));
    let may_define = admin.pipeline.gate().allows(caller, &DEFINE_FLAG, &new);
    let body = html! {
        (views(admin, caller, LIST))
        (search(view))
        @if flags.items.is_empty() { (none(view)) } @else { (table(admin, flags)) }
        (pages(view, flags))
    };
    let actions = html! { @if may_define { (Button::link("Define a flag", NEW).primary().icon(Icon::Plus)) } };
    let lede = match view.archived() {
        true => "Flags that nobody can ask for any more.",
        false => "Which features are on, and for whom.",
    };
    page("Flags", caller).lede(html! { (lede) }).actions(actions).render(body)
}

fn search(view: &View) -> Markup {
    html! {
        form.form role="search" method="get" action=(LIST) {
            (Field::search("query", "Find a flag").required().value(&view.query)
                .placeholder("Part of its key or description"))
            @if view.archived() { (Field::hidden("archived", "yes")) }
            div.buttons {
                (Button::submit("Search").secondary().icon(Icon::Search))
                @if !view.query.is_empty() || view.archived() { (Button::link("All flags", LIST).quiet()) }
                @if !view.archived() { (Button::link("Those put away", format!("{LIST}?archived=yes")).quiet()) }
            }
        }
    }
}

fn none(view: &View) -> Markup {
    let (title, text) = match (view.query.is_empty(), !view.archived()) {
        (true, true) => ("No flags yet", "A flag lets a feature reach some people first, and be switched off at once."),
        (true, false) => ("No flag was put away", "What is put away is found here, with its history."),
        (false, _) => ("No flag is called that", "Try a part of its key or of its description."),
    };
    EmptyState::new(Icon::Pin, title, text).render()
}

fn table(admin: &Admin, flags: &Page<FlagView>) -> Markup {
    let columns = vec![
        Column::text("Flag"),
        Column::text("Type"),
        Column::text("State"),
        Column::number("Version"),
        Column::text("Last change"),
    ];
    let now = admin.clock.now();
    let row = |table: Table, flag: &FlagView| {
        let named = html! {
            a href=(address(&flag.key, "")) { code { (flag.key) } }
            @if !flag.description().is_empty() { div.muted { (flag.description()) } }
        };
        let state = html! {
            (switch_badge(flag))
            @if flag.public() { " " (badge(Some(Tone::Info), "public")) }
        };
        let changed =
            html! { (ago(flag.changed_at, now)) " by " (who(&flag.changed_by, flag.changed_by_name.as_deref())) };
        table.row(vec![named, html! { (flag.kind()) }, state, html! { (flag.version) }, changed])
    };
    flags.items.iter().fold(Table::new("Flags", columns), row).render()
}

fn pages(view: &View, flags: &Page<FlagView>) -> Markup {
    let at = |cursor: &str| {
        format!("{LIST}{}", url_query(&[("query", &view.query), ("archived", &view.archived), ("cursor", cursor)]))
    };
    let mut pages = Pages::new();
    if view.cursor.is_some() {
        pages = pages.back("First page", at(""));
    }
    if let Some(next) = &flags.next {
        pages = pages.on("More flags", at(&next.0));
    }
    pages.render()
}
