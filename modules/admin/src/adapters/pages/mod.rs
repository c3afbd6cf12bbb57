//! Admin's pages: who is here, why a decision came out as it did, and feature flags. They work without JavaScript.

mod communities;
mod decisions;
mod flags;
mod people;
mod policies;
mod standings;

use crate::Admin;
use crate::operations::{EXPLAIN_DECISION, LIST_COMMUNITIES, LIST_FLAGS, LIST_PEOPLE, LIST_POLICIES, LIST_STANDINGS};
use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};
use kernel::{Caller, Resource};
use maud::Markup;
use std::sync::Arc;
use ui::{Nav, Page, Tab, tabs};

/// The pages' routes.
pub(crate) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/admin", get(|| async { Redirect::to("/admin/people") }))
        .route("/admin/people", get(people::list))
        .route("/admin/people/{id}/role", post(people::grant))
        .route("/admin/standings", get(standings::list))
        .route("/admin/standings/define", post(standings::define))
        .route("/admin/standings/give", post(standings::give))
        .route("/admin/standings/take", post(standings::take))
        .route("/admin/policies", get(policies::list).post(policies::propose))
        .route("/admin/policies/{number}/approval", post(policies::approve))
        .route("/admin/policies/{number}/rejection", post(policies::reject))
        .route("/admin/decisions", get(decisions::explain))
        .route("/brand.css", get(crate::adapters::brand::sheet))
        .merge(communities::router())
        .merge(flags::router())
}

fn page(title: &str, caller: &Caller) -> Page {
    Page::new(title).viewer(&caller.actor).nav(Nav::People).noindex()
}

/// The views of this area that the caller may open.
fn views(admin: &Admin, caller: &Caller, current: &str) -> Markup {
    let tenant = Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant);
    let all = [
        ("People", "/admin/people", &LIST_PEOPLE),
        ("Roles and groups", "/admin/standings", &LIST_STANDINGS),
        ("Policies", "/admin/policies", &LIST_POLICIES),
        ("Flags", "/admin/flags", &LIST_FLAGS),
        ("Decisions", "/admin/decisions", &EXPLAIN_DECISION),
    ];
    let installation = Resource::new("Installation", "installation", caller.actor.tenant);
    let gate = admin.pipeline.gate();
    let mut open: Vec<_> =
        all.into_iter().filter(|(_, _, operation)| gate.allows(caller, operation, &tenant)).collect();
    if gate.allows(caller, &LIST_COMMUNITIES, &installation) {
        open.push(("Communities", communities::LIST, &LIST_COMMUNITIES));
    }
    let tab = |(label, href, _): (&str, &str, _)| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        current: href == current,
        count: None,
    };
    tabs("Administration", &open.into_iter().map(tab).collect::<Vec<_>>())
}
