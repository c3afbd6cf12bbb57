//! The pages about communities, for whoever runs the installation: which there are, a new one, one of them.

use super::{page, views};
use crate::Admin;
use crate::domain::{CommunityRow, ProfileForm};
use crate::usecases::{ChangeCommunity, CreateCommunity, ListCommunities, PutCommunity, ReadCommunity};
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use kernel::{Caller, Cursor, Fault, FaultCode, FieldFault, PageRequest};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal, status_of};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Action, Button, Column, Crumb, Field, Icon, Pages, Table, Tone, badge, form_errors, url_path, url_query};

pub(super) const LIST: &str = "/admin/communities";
const NEW: &str = "/admin/new-community";
/// What the fields are called where their faults are listed.
const LABELS: [(&str, &str); 7] = [
    ("slug", "Short name"),
    ("name", "Name"),
    ("domains", "Domains"),
    ("region", "Region"),
    ("accent", "Colour"),
    ("member_limit", "Members at most"),
    ("requests_per_minute", "Requests a minute"),
];
/// The states and what each is called on its button and in the list.
const STATES: [(&str, &str, &str, Tone); 4] = [
    ("active", "Open", "open", Tone::Success),
    ("read_only", "Let people only read", "read-only", Tone::Warning),
    ("suspended", "Close", "closed", Tone::Danger),
    ("leaving", "Remove", "being removed", Tone::Danger),
];

/// The pages' routes. A community may be called anything, so what is not one stands beside them.
pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(LIST, get(list))
        .route(NEW, get(new).post(create))
        .route("/admin/communities/{community}", get(show).post(change))
        .route("/admin/communities/{community}/state", post(put))
}

#[derive(Debug, Default, Deserialize)]
struct View {
    cursor: Option<String>,
}

async fn list(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListCommunities>,
    Query(view): Query<View>,
) -> Result<Html<String>, Refusal> {
    let wanted = PageRequest { cursor: view.cursor.clone().map(Cursor), limit: None };
    let found = admin.execute(&caller, ListCommunities { page: wanted }).await?;
    let columns =
        vec![Column::text("Community"), Column::text("Domains"), Column::text("Region"), Column::text("State")];
    let row = |table: Table, row: &CommunityRow| {
        let named = html! { a href=(address(&row.slug)) { (row.profile.name) } div.muted { code { (row.slug) } } };
        table.row(vec![named, lines(&row.profile.domains), html! { (row.profile.region) }, state_badge(row)])
    };
    let mut pages = Pages::new();
    if view.cursor.is_some() {
        pages = pages.back("First page", LIST);
    }
    if let Some(next) = &found.next {
        pages = pages.on("More communities", format!("{LIST}{}", url_query(&[("cursor", &next.0)])));
    }
    let body = html! {
        (views(&admin, &caller, LIST))
        (found.items.iter().fold(Table::new("Communities", columns), row).render())
        (pages.render())
    };
    let actions = html! { (Button::link("Make a community", NEW).primary().icon(Icon::Plus)) };
    let lede = html! { "Each has its own people, its own rules and its own address." };
    Ok(Html(page("Communities", &caller).lede(lede).actions(actions).render(body)))
}

fn lines(domains: &[String]) -> Markup {
    html! { @for domain in domains { div { (domain) } } }
}

fn state_badge(row: &CommunityRow) -> Markup {
    let known = STATES.iter().find(|(state, ..)| *state == row.state);
    known.map_or_else(|| html! { (row.state) }, |(_, _, words, tone)| badge(Some(*tone), words))
}

fn address(slug: &str) -> String {
    url_path(&["admin", "communities", slug])
}

/// The form as a browser sends it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Typed {
    slug: String,
    name: String,
    domains: String,
    region: String,
    accent: String,
    member_limit: String,
    requests_per_minute: String,
    version: Option<i64>,
}

impl Typed {
    fn of(row: &CommunityRow) -> Self {
        let number = |limit: Option<i64>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        let profile = row.profile.clone();
        Self {
            slug: row.slug.clone(),
            name: profile.name,
            domains: profile.domains.join("\n"),
            region: profile.region,
            accent: profile.accent.unwrap_or_default(),
            member_limit: number(profile.member_limit),
            requests_per_minute: number(profile.requests_per_minute),
            version: Some(row.version),
        }
    }

    fn form(&self) -> ProfileForm {
        // What is no number is one that no limit can be, and is refused with the rest.
        let number = |text: &str| (!text.trim().is_empty()).then(|| text.trim().parse().unwrap_or(-1));
        ProfileForm {
            name: self.name.clone(),
            region: self.region.clone(),
            domains: self.domains.split_whitespace().map(str::to_owned).collect(),
            accent: self.accent.clone(),
            member_limit: number(&self.member_limit),
            requests_per_minute: number(&self.requests_per_minute),
        }
    }

    fn render(&self, action: &str, button: &str, faults: &[FieldFault]) -> Markup {
        let field = |field: Field, value: &str| field.value(value).faults(faults);
        html! {
            form.form method="post" action=(action) {
                @if let Some(version) = self.version { (Field::hidden("version", &version.to_string())) }
                (field(Field::text("name", "Name").required(), &self.name))
                (field(Field::text("slug", "Short name").required()
                    .hint("Letters, digits and hyphens. It stands in front of the installation's host."), &self.slug))
                (field(Field::textarea("domains", "Domains", 3)
                    .hint("One on each line; links in mail lead to the first."), &self.domains))
                (field(Field::text("region", "Region").hint("Where its data is kept. Empty when that does not matter."),
                    &self.region))
                (field(Field::text("accent", "Colour").placeholder("#1f5fbf")
                    .hint("Of its buttons. White words must be readable on it."), &self.accent))
                (field(Field::number("member_limit", "Members at most"), &self.member_limit))
                (field(Field::number("requests_per_minute", "Requests a minute"), &self.requests_per_minute))
                div.buttons { (Button::submit(button).primary()) }
            }
        }
    }
}

async fn new(State(_): State<Arc<Admin>>, Admitted { caller, .. }: Admitted<CreateCommunity>) -> Html<String> {
    Html(new_page(&caller, &Typed::default(), None))
}

fn new_page(caller: &Caller, typed: &Typed, fault: Option<&Fault>) -> String {
    let faults = fault.map_or(&[] as &[FieldFault], |fault| &fault.fields);
    let body = html! {
        @if let Some(fault) = fault { (form_errors(&fault.detail, faults, &LABELS)) }
        (typed.render(NEW, "Make it", faults))
    };
    page("Make a community", caller).crumbs(vec![Crumb::new("Communities", LIST)]).render(body)
}

async fn create(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<CreateCommunity>,
    Form(typed): Form<Typed>,
) -> Result<Response, Refusal> {
    let usecase = CreateCommunity { slug: typed.slug.clone(), profile: typed.form() };
    match admin.execute(&caller, usecase).await {
        Ok(made) => Ok(Redirect::to(&address(&made.slug)).into_response()),
        Err(fault) if is_theirs(&fault) => {
            Ok((status_of(&fault), Html(new_page(&caller, &typed, Some(&fault)))).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Whether whoever filled in the form can mend it.
fn is_theirs(fault: &Fault) -> bool {
    matches!(fault.code, FaultCode::Invalid | FaultCode::Conflict | FaultCode::Stale)
}

async fn show(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ReadCommunity>,
    Path(name): Path<String>,
) -> Result<Html<String>, Refusal> {
    let row = admin.execute(&caller, ReadCommunity { name }).await?;
    Ok(Html(one(&caller, &row, &Typed::of(&row), None)))
}

fn one(caller: &Caller, row: &CommunityRow, typed: &Typed, fault: Option<&Fault>) -> String {
    let faults = fault.map_or(&[] as &[FieldFault], |fault| &fault.fields);
    let action = format!("{}/state", address(&row.slug));
    let others = STATES.iter().filter(|(state, ..)| *state != row.state);
    let body = html! {
        @if let Some(fault) = fault { (form_errors(&fault.detail, faults, &LABELS)) }
        p { "Its first administrator starts with the link that "
            code { "polity auth setup-link --community " (row.slug) } " prints." }
        (typed.render(&address(&row.slug), "Save", faults))
        h2 { "What may be done in it" }
        @if let Some(until) = row.leaving_at { p { "It can be brought back until " (until.date_naive()) "." } }
        div.buttons {
            @for (state, words, ..) in others {
                (Action::post(&action, Button::submit(*words).secondary()).hidden("state", *state))
            }
        }
    };
    let crumbs = vec![Crumb::new("Communities", LIST)];
    page(&row.profile.name, caller).crumbs(crumbs).eyebrow(state_badge(row)).render(body)
}

async fn change(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ChangeCommunity>,
    Path(name): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Refusal> {
    let (slug, profile, expected_version) = (typed.slug.clone(), typed.form(), typed.version);
    let usecase = ChangeCommunity { name: name.clone(), slug, profile, expected_version };
    answered(&admin, &caller, name, Some(&typed), admin.execute(&caller, usecase).await).await
}

#[derive(Debug, Deserialize)]
struct StateForm {
    state: String,
}

async fn put(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<PutCommunity>,
    Path(name): Path<String>,
    Form(StateForm { state }): Form<StateForm>,
) -> Result<Response, Refusal> {
    let usecase = PutCommunity { name: name.clone(), state, expected_version: None };
    answered(&admin, &caller, name, None, admin.execute(&caller, usecase).await).await
}

/// Back to the community, or its page again with why not.
async fn answered(
    admin: &Admin,
    caller: &Caller,
    name: String,
    typed: Option<&Typed>,
    outcome: Result<CommunityRow, Fault>,
) -> Result<Response, Refusal> {
    let fault = match outcome {
        Ok(row) => return Ok(Redirect::to(&address(&row.slug)).into_response()),
        Err(fault) if is_theirs(&fault) => fault,
        Err(fault) => return Err(fault.into()),
    };
    let row = admin.execute(caller, ReadCommunity { name }).await?;
    let typed = typed.cloned().unwrap_or_else(|| Typed::of(&row));
    Ok((status_of(&fault), Html(one(caller, &row, &typed, Some(&fault)))).into_response())
}
