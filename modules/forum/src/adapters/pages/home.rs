//! Where people arrive: the categories, and what is being talked about.

use super::{count, page, person, render, tag};
use crate::Forum;
use crate::operations::{CREATE_CATEGORY, START_THREAD};
use crate::store::{CategoryView, ThreadView};
use crate::usecases::{CreateCategory, ListCategories, ListThreads};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Caller, Cursor, FaultCode, FieldFault, PageRequest, Resource, Time};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, CategoryCard, Crumb, EmptyState, Field, Icon, Nav, Pages, ThreadRow, Width};
use ui::{category_cards, form_errors, thread_rows};

#[derive(Deserialize)]
pub(super) struct Where {
    cursor: Option<String>,
}

pub(super) async fn home(
    State(forum): State<Arc<Forum>>,
    call: Admitted<ListThreads>,
    Query(at): Query<Where>,
) -> Result<Html<String>, Refusal> {
    let caller = &call.caller;
    let first = at.cursor.is_none();
    let request = PageRequest { cursor: at.cursor.map(Cursor), limit: None };
    let categories = forum.execute(caller, ListCategories).await?;
    let threads = forum.execute(caller, ListThreads { category: None, page: request }).await?.threads;
    let board = Resource::new("Board", caller.actor.tenant, caller.actor.tenant);
    let may_arrange = forum.pipeline.gate().allows(caller, &CREATE_CATEGORY, &board);
    let now = forum.clock.now();
    let mut page = page("What the community talks about", caller)
        .nav(Nav::Home)
        .description("Questions, proposals and plans of the community, the newest activity first.");
    if may_arrange {
        page = page.actions(Button::link("New category", "/categories/new").secondary().render());
    }
    let body = html! {
        @if first { (categories_section(&categories, may_arrange)) }
        section.stack aria-labelledby="threads" {
            h2 #threads { @if first { "Latest threads" } @else { "Older threads" } }
            (thread_section(&threads.items, true, may_write(&forum, caller), now))
            (Pages::by_cursor("/", first, threads.next.as_ref()))
        }
    };
    Ok(render(&page, body))
}

fn categories_section(categories: &[CategoryView], may_arrange: bool) -> Markup {
    let card = |category: &CategoryView| CategoryCard {
        tag: tag(&category.slug, &category.name),
        description: category.description.clone(),
        thread_count: count(category.thread_count),
    };
    let cards: Vec<_> = categories.iter().map(card).collect();
    html! {
        section.stack aria-labelledby="categories" {
            h2 #categories { "Categories" }
            @if cards.is_empty() {
                @if may_arrange {
                    (EmptyState::new(Icon::Folder, "No categories yet", "Threads stand in categories. Make the first one, and people can begin.")
                        .action(Button::link("New category", "/categories/new").primary()))
                } @else {
                    (EmptyState::new(Icon::Folder, "No categories yet", "An administrator makes the first one. Then people can begin."))
                }
            } @else {
                (category_cards(&cards))
            }
        }
    }
}

/// Whether this caller could start a thread anywhere.
fn may_write(forum: &Forum, caller: &Caller) -> bool {
    forum.pipeline.gate().admit(caller, &START_THREAD).is_ok()
}

fn thread_section(threads: &[ThreadView], with_category: bool, may_write: bool, now: Time) -> Markup {
    let rows: Vec<_> = threads.iter().map(|thread| row(thread, with_category, now)).collect();
    html! {
        @if rows.is_empty() {
            @if may_write {
                (EmptyState::new(Icon::Bubble, "Nothing here yet", "Ask a question or tell what you are up to.")
                    .action(Button::link("New thread", "/new").primary()))
            } @else {
                (EmptyState::new(Icon::Bubble, "Nothing here yet", "Log in to start the first thread.")
                    .action(Button::link("Log in", "/login?next=/new").primary()))
            }
        } @else {
            (thread_rows(&rows))
        }
    }
}

fn row(thread: &ThreadView, with_category: bool, now: Time) -> ThreadRow {
    ThreadRow {
        href: format!("/t/{}", thread.id),
        title: thread.title.clone(),
        category: with_category.then(|| tag(&thread.category_slug, &thread.category_name)),
        author: person(thread.author_id, thread.author_name.as_deref(), None),
        reply_count: count(thread.post_count - 1),
        active_at: thread.last_post_at,
        now,
        locked: thread.locked,
        pinned: false,
    }
}

pub(super) async fn category(
    State(forum): State<Arc<Forum>>,
    call: Admitted<ListThreads>,
    Path(slug): Path<String>,
    Query(at): Query<Where>,
) -> Result<Html<String>, Refusal> {
    let caller = &call.caller;
    let first = at.cursor.is_none();
    let request = PageRequest { cursor: at.cursor.map(Cursor), limit: None };
    let list = forum.execute(caller, ListThreads { category: Some(slug), page: request }).await?;
    let Some(category) = list.category else {
        return Err(forum_contract::reasons::NO_SUCH_CATEGORY.fault().into());
    };
    let mut page = page(&category.name, caller)
        .nav(Nav::Home)
        .description(category.description.clone())
        .lede(html! { (category.description) })
        .crumbs(vec![Crumb::new("Home", "/")]);
    if may_write(&forum, caller) {
        let new = format!("/new?category={}", category.slug);
        page = page.actions(Button::link("New thread", new).primary().icon(Icon::Pencil).render());
    }
    let body = html! {
        (thread_section(&list.threads.items, false, may_write(&forum, caller), forum.clock.now()))
        (Pages::by_cursor(&format!("/c/{}", category.slug), first, list.threads.next.as_ref()))
    };
    Ok(render(&page, body))
}

#[derive(Default, Deserialize)]
pub(super) struct CategoryForm {
    #[serde(default)]
    slug: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
}

pub(super) async fn new_category(call: Admitted<CreateCategory>) -> Html<String> {
    category_form(&call.caller, &CategoryForm::default(), "", &[])
}

pub(super) async fn create_category(
    State(forum): State<Arc<Forum>>,
    call: Admitted<CreateCategory>,
    Form(form): Form<CategoryForm>,
) -> Result<Response, Refusal> {
    let usecase =
        CreateCategory { slug: form.slug.clone(), name: form.name.clone(), description: form.description.clone() };
    match forum.execute(&call.caller, usecase).await {
        Ok(_) => Ok(Redirect::to(&format!("/c/{}", form.slug)).into_response()),
        Err(fault) if matches!(fault.code, FaultCode::Invalid | FaultCode::Conflict) => {
            let mut fields = fault.fields.clone();
            if fault.is(&forum_contract::reasons::SLUG_TAKEN) {
                fields.push(FieldFault { field: "slug".to_owned(), detail: fault.detail });
            }
            let page = category_form(&call.caller, &form, "The category was not made.", &fields);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

fn category_form(caller: &Caller, form: &CategoryForm, detail: &str, faults: &[FieldFault]) -> Html<String> {
    let page = page("New category", caller).width(Width::Form).crumbs(vec![Crumb::new("Home", "/")]).noindex();
    let labels = [("name", "Name"), ("slug", "Short name"), ("description", "Description")];
    let body = html! {
        @if !detail.is_empty() { (form_errors(detail, faults, &labels)) }
        form.form method="post" action="/categories/new" {
            (Field::text("name", "Name").value(&form.name).length(2, 60).required().faults(faults))
            (Field::text("slug", "Short name").value(&form.slug).length(2, 40).required().faults(faults)
                .hint("For the address: small letters, digits and hyphens, such as help-and-questions."))
            (Field::textarea("description", "Description", 3).value(&form.description).length(0, 300).faults(faults)
                .hint("One sentence on what belongs there."))
            (Button::submit("Make the category").primary())
        }
    };
    render(&page, body)
}
