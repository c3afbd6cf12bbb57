//! The list of people, with a form for the role of each where the caller may change it.

use super::{page, views};
use crate::Admin;
use crate::domain::HeldRole;
use crate::operations::GRANT_ROLE;
use crate::store::Person;
use crate::usecases::{GrantRole, ListPeople};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Caller, Cursor, Fault, FaultCode, Page, PageRequest, Resource, UserId};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal, status_of};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Column, EmptyState, Field, Flash, Icon, Pages, Table, Tone, ago, badge, icon};
use uuid::Uuid;

/// Which part of the list somebody looks at; the forms of the list carry it along.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct View {
    #[serde(default)]
    query: String,
    cursor: Option<String>,
    /// Whose role was changed by the form that led here.
    changed: Option<Uuid>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RoleForm {
    role: String,
    version: i64,
    #[serde(default)]
    query: String,
    cursor: Option<String>,
}

pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListPeople>,
    Query(view): Query<View>,
) -> Result<Html<String>, Refusal> {
    let people = people(&admin, &caller, &view).await?;
    let flash = view.changed.map(|id| changed(&people, UserId(id)));
    Ok(Html(render(&admin, &caller, &view, &people, flash)))
}

pub(super) async fn grant(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<GrantRole>,
    Path(id): Path<Uuid>,
    Form(form): Form<RoleForm>,
) -> Result<Response, Refusal> {
    let view = View { query: form.query, cursor: form.cursor.filter(|cursor| !cursor.is_empty()), changed: Some(id) };
    let wanted = GrantRole { user: UserId(id), role: form.role, expected_version: Some(form.version) };
    match admin.execute(&caller, wanted).await {
        Ok(_) => Ok(Redirect::to(&address(&view)).into_response()),
        Err(fault) if matches!(fault.code, FaultCode::Conflict | FaultCode::Stale | FaultCode::Invalid) => {
            let people = people(&admin, &caller, &view).await?;
            let flash = Flash::new(Tone::Danger, words(&fault));
            let page = Html(render(&admin, &caller, &view, &people, Some(flash)));
            Ok((status_of(&fault), page).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn people(admin: &Admin, caller: &Caller, view: &View) -> Result<Page<Person>, Fault> {
    let page = PageRequest { cursor: view.cursor.clone().map(Cursor), limit: None };
    admin.execute(caller, ListPeople { query: Some(view.query.clone()), page }).await
}

fn words(fault: &Fault) -> String {
    match fault.code {
        FaultCode::Stale => "Somebody else changed this role in between. Look again, then decide.".to_owned(),
        _ => fault.detail.clone(),
    }
}

fn changed(people: &Page<Person>, id: UserId) -> Flash {
    let text = match people.items.iter().find(|person| person.id == id) {
        Some(person) => format!("{} now has the role: {}.", person.display_name, person.role.name()),
        None => "The role was changed.".to_owned(),
    };
    Flash::new(Tone::Success, text)
}

/// The address of this view of the list.
fn address(view: &View) -> String {
    let mut query = ui::url_query(&[("query", &view.query), ("cursor", view.cursor.as_deref().unwrap_or_default())]);
    if let Some(id) = view.changed {
        query.push_str(&format!("{}changed={id}", if query.is_empty() { '?' } else { '&' }));
    }
    format!("/admin/people{query}")
}

fn render(admin: &Admin, caller: &Caller, view: &View, people: &Page<Person>, flash: Option<Flash>) -> String {
    let body = html! {
        (views(admin, caller, "/admin/people"))
        (search(view))
        @if people.items.is_empty() { (nobody(view)) } @else { (table(admin, caller, view, people)) }
        (pages(view, people))
    };
    page("People", caller).lede(html! { "Who is here, and what they may do." }).flash(flash).render(body)
}

fn search(view: &View) -> Markup {
    html! {
        form.form role="search" method="get" action="/admin/people" {
            (Field::search("query", "Find somebody").required().value(&view.query).placeholder("Name or handle"))
            div.buttons {
                (Button::submit("Search").secondary().icon(Icon::Search))
                @if !view.query.is_empty() { (Button::link("Everybody", "/admin/people").quiet()) }
            }
        }
    }
}

fn nobody(view: &View) -> Markup {
    let (title, text) = if view.query.is_empty() {
        ("Nobody is here yet", "Whoever registers appears here a moment later.")
    } else {
        ("Nobody is called that", "Try a part of the name or of the handle.")
    };
    EmptyState::new(Icon::People, title, text).render()
}

fn table(admin: &Admin, caller: &Caller, view: &View, people: &Page<Person>) -> Markup {
    let columns = vec![Column::text("Person"), Column::text("Registered"), Column::text("Role")];
    let mut table = Table::new("People and their roles", columns);
    for person in &people.items {
        let shown = ui::Person::new(person.id, &person.display_name)
            .handle(&person.handle)
            .href(format!("/accounts/{}", person.id));
        table = table.row(vec![
            shown.render(),
            ago(person.registered_at, admin.clock.now()),
            role(admin, caller, view, person),
        ]);
    }
    table.render()
}

/// The role as a form where the caller may change it, and as a word where not.
fn role(admin: &Admin, caller: &Caller, view: &View, person: &Person) -> Markup {
    let resource = Resource::new("Person", person.id, caller.actor.tenant);
    if !admin.pipeline.gate().allows(caller, &GRANT_ROLE, &resource) {
        let tone = (person.role != HeldRole::MEMBER).then_some(Tone::Info);
        return badge(tone, person.role.name());
    }
    html! {
        form.action method="post" action={ "/admin/people/" (person.id) "/role" } {
            (Field::hidden("version", &person.role_version.to_string()))
            (Field::hidden("query", &view.query))
            (Field::hidden("cursor", view.cursor.as_deref().unwrap_or_default()))
            div.select {
                select.control name="role" aria-label={ "Role of " (person.display_name) } {
                    @for role in HeldRole::ALL {
                        option value=(role.name()) selected[role == person.role] { (role.name()) }
                    }
                }
                (icon(Icon::ChevronDown))
            }
            (Button::submit("Save").quiet())
        }
    }
}

fn pages(view: &View, people: &Page<Person>) -> Markup {
    let first = View { query: view.query.clone(), ..View::default() };
    let mut pages = Pages::new();
    if view.cursor.is_some() {
        pages = pages.back("First page", address(&first));
    }
    if let Some(next) = &people.next {
        pages = pages.on("More people", address(&View { cursor: Some(next.0.clone()), ..first }));
    }
    pages.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_of_a_view_keeps_what_was_looked_for() {
        let view = View { query: "ada & co".into(), cursor: Some("abc".into()), changed: None };
        assert_eq!(address(&view), "/admin/people?query=ada%20%26%20co&cursor=abc");
        assert_eq!(address(&View::default()), "/admin/people");
        let changed = View { changed: Some(Uuid::nil()), ..View::default() };
        assert_eq!(address(&changed), format!("/admin/people?changed={}", Uuid::nil()));
    }
}
