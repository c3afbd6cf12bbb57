//! The page of a community's own policies: those in force, what is proposed in their place and how it differs, and the
//! form to propose. It works without scripts: the editor is a field of many lines.

use super::{page, views};
use crate::Admin;
use crate::domain::{Line, PolicyStatus, PolicyVersion, compared};
use crate::operations::{APPROVE_POLICIES, PROPOSE_POLICIES};
use crate::usecases::{ApprovePolicies, ListPolicies, PoliciesPage, ProposePolicies, RejectPolicies};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Caller, Cursor, Fault, FaultCode, FieldFault, PageRequest, Resource};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal, status_of};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Column, EmptyState, Field, Flash, Icon, Pages, Table, Tone, ago, alert, badge, card, form_errors};

const LABELS: [(&str, &str); 3] = [("policies", "Policies"), ("cases", "Cases"), ("note", "Why")];

/// Which part of the list somebody looks at, and the version their proposal begins with.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct View {
    cursor: Option<String>,
    from: Option<i64>,
}

/// A proposal as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    policies: String,
    cases: String,
    note: String,
}

pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListPolicies>,
    Query(view): Query<View>,
) -> Result<Html<String>, Refusal> {
    let listed = listed(&admin, &caller, &view).await?;
    let start = match view.from {
        Some(number) => {
            let one = ListPolicies { number: Some(number), ..ListPolicies::default() };
            admin.execute(&caller, one).await?.versions.items.pop()
        }
        None => listed.active.clone(),
    };
    let typed = start.map(|start| Typed {
        note: view.from.map(|number| format!("Back to version {number}.")).unwrap_or_default(),
        policies: start.policies,
        cases: start.cases,
    });
    Ok(Html(render(&admin, &caller, &view, &listed, &typed.unwrap_or_default(), None)))
}

pub(super) async fn propose(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ProposePolicies>,
    Form(typed): Form<Typed>,
) -> Result<Response, Refusal> {
    let Typed { policies, cases, note } = typed.clone();
    let done = admin.execute(&caller, ProposePolicies { policies, cases, note }).await.map(drop);
    answer(&admin, &caller, Some(typed), done).await
}

pub(super) async fn approve(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ApprovePolicies>,
    Path(number): Path<i64>,
) -> Result<Response, Refusal> {
    let done = admin.execute(&caller, ApprovePolicies { number }).await.map(drop);
    answer(&admin, &caller, None, done).await
}

pub(super) async fn reject(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<RejectPolicies>,
    Path(number): Path<i64>,
) -> Result<Response, Refusal> {
    let done = admin.execute(&caller, RejectPolicies { number }).await.map(drop);
    answer(&admin, &caller, None, done).await
}

async fn listed(admin: &Admin, caller: &Caller, view: &View) -> Result<PoliciesPage, Fault> {
    let page = PageRequest { cursor: view.cursor.clone().map(Cursor), limit: None };
    admin.execute(caller, ListPolicies { number: None, page }).await
}

async fn answer(
    admin: &Admin,
    caller: &Caller,
    typed: Option<Typed>,
    done: Result<(), Fault>,
) -> Result<Response, Refusal> {
    let fault = match done {
        Ok(()) => return Ok(Redirect::to("/admin/policies").into_response()),
        Err(fault) => fault,
    };
    if !matches!(fault.code, FaultCode::Invalid | FaultCode::Conflict | FaultCode::Stale) {
        return Err(fault.into());
    }
    let view = View::default();
    let listed = listed(admin, caller, &view).await?;
    let page = render(admin, caller, &view, &listed, &typed.unwrap_or_default(), Some(&fault));
    Ok((status_of(&fault), Html(page)).into_response())
}

fn render(
    admin: &Admin,
    caller: &Caller,
    view: &View,
    listed: &PoliciesPage,
    typed: &Typed,
    fault: Option<&Fault>,
) -> String {
    let community = Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant);
    let may = |operation| admin.pipeline.gate().allows(caller, operation, &community);
    let faults = fault.map(|fault| fault.fields.as_slice()).unwrap_or_default();
    let flash = fault.filter(|fault| fault.fields.is_empty());
    let flash = flash.map(|fault| Flash::new(Tone::Danger, fault.detail.clone()));
    let in_force = listed.active.as_ref().map(|active| active.policies.as_str()).unwrap_or_default();
    let proposed = listed.versions.items.iter().filter(|version| version.status == PolicyStatus::Proposed);
    let body = html! {
        (views(admin, caller, "/admin/policies"))
        @if !faults.is_empty() { (form_errors("These policies cannot be proposed.", faults, &LABELS)) }
        @if let Some(words) = &listed.unreadable {
            (alert(Tone::Danger, "The version before this one is in force", html! { (words) }))
        }
        @for version in proposed { (proposal(version, in_force, may(&APPROVE_POLICIES))) }
        @if in_force.is_empty() {
            (EmptyState::new(Icon::Shield, "No policies of its own", "The built-in policies alone decide.").render())
        } @else {
            (card("In force", html! { pre { code { (in_force) } } }))
        }
        @if may(&PROPOSE_POLICIES) { (card("Propose others", form(typed, faults))) }
        (history(admin, listed, may(&PROPOSE_POLICIES)))
        (pages(view, listed))
    };
    page("Policies", caller)
        .lede(html! { "What this community forbids or permits beyond the built-in policies. A forbid wins over every permit." })
        .flash(flash)
        .render(body)
}

fn proposal(version: &PolicyVersion, in_force: &str, may_decide: bool) -> Markup {
    let path = format!("/admin/policies/{}", version.number);
    let body = html! {
        p { (version.note) }
        p { "By " code { (version.author) } }
        pre {
            code {
                @for line in compared(in_force, &version.policies) {
                    @match line {
                        Line::Same(text) => { "  " (text) "\n" }
                        Line::Gone(text) => { del { "- " (text) } "\n" }
                        Line::New(text) => { ins { "+ " (text) } "\n" }
                    }
                }
            }
        }
        @if may_decide {
            div.buttons {
                form method="post" action={ (path) "/approval" } { (Button::submit("Approve")) }
                form method="post" action={ (path) "/rejection" } { (Button::submit("Reject").quiet()) }
            }
        }
    };
    card(&format!("Proposed: version {}", version.number), body)
}

fn form(typed: &Typed, faults: &[FieldFault]) -> Markup {
    html! {
        form.form method="post" action="/admin/policies" {
            (Field::textarea("policies", "Policies", 16).value(&typed.policies).faults(faults).code()
                .hint("In Cedar, each with an @id. These are all of them from then on."))
            (Field::textarea("cases", "Cases", 8).value(&typed.cases).faults(faults).code()
                .hint("A JSON list of what must be decided how; they are run before anything is in force."))
            (Field::text("note", "Why").required().value(&typed.note).faults(faults))
            div.buttons { (Button::submit("Propose")) }
        }
    }
}

fn history(admin: &Admin, listed: &PoliciesPage, may_propose: bool) -> Markup {
    if listed.versions.items.is_empty() {
        return html! {};
    }
    let columns = vec![Column::text("Version"), Column::text("Why"), Column::text("Proposed"), Column::text("")];
    let mut table = Table::new("Every version", columns);
    for version in &listed.versions.items {
        let tone = (version.status == PolicyStatus::Active).then_some(Tone::Success);
        let again = html! {
            @if may_propose {
                (Button::link("Propose again", format!("/admin/policies?from={}", version.number)).quiet()
                    .about(format!("version {}", version.number)))
            }
        };
        table = table.row(vec![
            html! { (version.number) " " (badge(tone, version.status.name())) },
            html! { (version.note) },
            ago(version.proposed_at, admin.clock.now()),
            again,
        ]);
    }
    table.render()
}

fn pages(view: &View, listed: &PoliciesPage) -> Markup {
    let mut pages = Pages::new();
    if view.cursor.is_some() {
        pages = pages.back("Newest", "/admin/policies".to_owned());
    }
    if let Some(next) = &listed.versions.next {
        pages = pages.on("Older versions", format!("/admin/policies{}", ui::url_query(&[("cursor", &next.0)])));
    }
    pages.render()
}
