//! The forum's pages: rendered here, whole without JavaScript, kept current with it.

mod home;
mod post;
mod thread;
mod write;

use crate::Forum;
use axum::Router;
use axum::response::Html;
use axum::routing::{get, post as on_post};
use kernel::Caller;
use maud::Markup;
use std::sync::Arc;
use ui::{CategoryTag, Hue, Page, Person};
use uuid::Uuid;

/// The pages' routes.
pub(crate) fn router() -> Router<Arc<Forum>> {
    Router::new()
        .route("/", get(home::home))
        .route("/c/{slug}", get(home::category))
        .route("/categories/new", get(home::new_category).post(home::create_category))
        .route("/t/{id}", get(thread::read))
        .route("/t/{id}/reply", on_post(thread::reply))
        .route("/t/{id}/lock", on_post(thread::lock))
        .route("/t/{id}/unlock", on_post(thread::unlock))
        .route("/p/{id}", get(post::fragment))
        .route("/p/{id}/edit", get(post::edit).post(post::save))
        .route("/p/{id}/history", get(post::history))
        .route("/new", get(write::new_thread).post(write::start_thread))
        .route("/preview", on_post(write::preview))
}

/// A page for this viewer.
fn page(title: &str, caller: &Caller) -> Page {
    Page::new(title).viewer(&caller.actor)
}

fn render(page: &Page, body: Markup) -> Html<String> {
    Html(page.render(body))
}

/// Somebody by id; a newcomer whose name has not arrived yet is called just that.
fn person(id: Uuid, name: Option<&str>, handle: Option<&str>) -> Person {
    let person = Person::new(id, name.unwrap_or("New member"));
    match handle {
        Some(handle) => person.handle(handle).href(format!("/u/{handle}")),
        None => person,
    }
}

fn tag(slug: &str, name: &str) -> CategoryTag {
    CategoryTag { name: name.to_owned(), href: format!("/c/{slug}"), hue: Hue::of(slug) }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
