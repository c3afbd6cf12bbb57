//! The pages about feature flags: which there are, one of them with what may be done to it, its past, and what it would
//! come to for somebody.

mod edit;
mod history;
mod list;
mod new;
mod show;
mod trial;

use super::page;
use crate::Admin;
use crate::store::FlagView;
use axum::Router;
use axum::routing::{get, post};
use kernel::{Attribute, Caller, Fault, FieldFault, Operation, Resource};
use maud::{Markup, html};
use serde_json::Value;
use std::sync::Arc;
use ui::{Crumb, Field, Page, Tab, Tone, badge, tabs, url_path};

const LIST: &str = "/admin/flags";
const NEW: &str = "/admin/new-flag";

/// The pages' routes. A flag may be called anything, so what is not a flag stands beside them.
pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(LIST, get(list::list))
        .route(NEW, get(new::form).post(new::define))
        .route("/admin/flags/{key}", get(show::show).post(edit::change))
        .route("/admin/flags/{key}/switch", post(edit::switch))
        .route("/admin/flags/{key}/rollout", post(edit::roll_out))
        .route("/admin/flags/{key}/archive", post(edit::archive))
        .route("/admin/flags/{key}/history", get(history::history))
        .route("/admin/flags/{key}/try", get(trial::trial))
}

/// The address of a flag's page, or of one below it.
fn address(key: &str, below: &str) -> String {
    if below.is_empty() { url_path(&["admin", "flags", key]) } else { url_path(&["admin", "flags", key, below]) }
}

/// A page about one flag.
fn flag_page(title: &str, caller: &Caller, flag: &FlagView) -> Page {
    page(title, caller).crumbs(vec![Crumb::new("Flags", LIST)]).eyebrow(badges(flag))
}

/// The views of one flag.
fn flag_views(key: &str, below: &str) -> Markup {
    let views = [("Flag", ""), ("Try it", "try"), ("History", "history")];
    let tab = |(label, view): (&str, &str)| Tab {
        label: label.to_owned(),
        href: address(key, view),
        current: view == below,
        count: None,
    };
    tabs("The flag", &views.map(tab))
}

/// Type, switch and reach in a word each.
fn badges(flag: &FlagView) -> Markup {
    html! {
        (switch_badge(flag)) " "
        (badge(None, flag.kind())) " "
        @if flag.public() { (badge(Some(Tone::Info), "public")) " " }
        (badge(None, &format!("version {}", flag.version)))
    }
}

fn switch_badge(flag: &FlagView) -> Markup {
    match (flag.archived, flag.enabled) {
        (true, _) => badge(Some(Tone::Warning), "put away"),
        (_, true) => badge(Some(Tone::Success), "on"),
        (_, false) => badge(Some(Tone::Danger), "off"),
    }
}

/// Whoever changed something, by name where it is known.
fn who(by: &str, name: Option<&str>) -> String {
    name.unwrap_or(by).to_owned()
}

/// Whether the caller may do this to the flag.
fn may(admin: &Admin, caller: &Caller, operation: &'static Operation, flag: &FlagView) -> bool {
    let tenant = caller.actor.tenant;
    let resource = Resource::new("Flag", &flag.key, tenant).with("public", Attribute::Flag(flag.public()));
    admin.pipeline.gate().allows(caller, operation, &resource)
}

/// JSON as people write it.
fn written(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// JSON that somebody typed.
fn typed(field: &str, text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::invalid(field, format!("is not JSON: {error}")))
}

/// The field that a definition is typed into, high enough for most of them.
fn definition_field(text: &str, faults: &[FieldFault]) -> Field {
    let rows = u8::try_from(text.lines().count() + 1).unwrap_or(u8::MAX).clamp(12, 30);
    let hint = "Kind, variants, default, off and rules; docs/flags.md describes each of them.";
    Field::textarea("definition", "JSON", rows).code().required().value(text).faults(faults).hint(hint)
}

/// What is wrong inside a definition, as wrong with the field that it is typed into.
fn placed(faults: &[FieldFault]) -> Vec<FieldFault> {
    let place = |fault: &FieldFault| match fault.field.as_str() {
        "key" | "definition" => fault.clone(),
        path => FieldFault { field: "definition".to_owned(), detail: format!("{path} {}", fault.detail) },
    };
    faults.iter().map(place).collect()
}
