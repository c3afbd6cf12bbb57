//! The page of roles and groups: what each lets people do, who holds it, and the forms to change that.

use super::{page, views};
use crate::Admin;
use crate::domain::{Held, StandingKind};
use crate::operations::{DEFINE_STANDING, GIVE_STANDING, TAKE_STANDING};
use crate::usecases::{DefineStanding, GiveStanding, ListStandings, StandingView, Standings, TakeStanding};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, Duration, Utc};
use kernel::{Caller, Fault, FaultCode, FieldFault, Resource, Time};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Refusal, status_of};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Choice, Column, EmptyState, Field, Flash, Icon, Table, Tone, card, form_errors};

const LABELS: [(&str, &str); 6] = [
    ("kind", "Kind"),
    ("name", "Name"),
    ("about", "What it is for"),
    ("operations", "What its holders may do"),
    ("holder", "Whom"),
    ("ends_at", "For how long"),
];

/// How long something can be given for, as the form offers it.
const SPANS: [(&str, &str, i64); 4] =
    [("", "For good", 0), ("1", "For a day", 1), ("7", "For a week", 7), ("30", "For 30 days", 30)];

/// One of the page's forms, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    kind: String,
    name: String,
    about: String,
    operations: String,
    holder: String,
    days: String,
}

pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ListStandings>,
) -> Result<Html<String>, Refusal> {
    let standings = admin.execute(&caller, ListStandings {}).await?;
    Ok(Html(render(&admin, &caller, &standings, &Typed::default(), None)))
}

pub(super) async fn define(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<DefineStanding>,
    Form(typed): Form<Typed>,
) -> Result<Response, Refusal> {
    let operations = typed.operations.split_whitespace().map(|word| word.trim_end_matches(',').to_owned()).collect();
    let (kind, name, about) = (typed.kind.clone(), typed.name.clone(), typed.about.clone());
    let wanted = DefineStanding { kind, name, about, operations, expected_version: None };
    let done = admin.execute(&caller, wanted).await.map(drop);
    answer(&admin, &caller, typed, done).await
}

pub(super) async fn give(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<GiveStanding>,
    Form(typed): Form<Typed>,
) -> Result<Response, Refusal> {
    let done = async {
        let ends_at = until(&typed.days, admin.clock.now())?;
        let holder = holder(&admin, &caller, &typed.holder).await?;
        let (kind, name) = (typed.kind.clone(), typed.name.clone());
        admin.execute(&caller, GiveStanding { kind, name, holder, ends_at }).await.map(drop)
    };
    let done = done.await;
    answer(&admin, &caller, typed, done).await
}

pub(super) async fn take(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<TakeStanding>,
    Form(typed): Form<Typed>,
) -> Result<Response, Refusal> {
    let (kind, name, holder) = (typed.kind.clone(), typed.name.clone(), typed.holder.clone());
    let done = admin.execute(&caller, TakeStanding { kind, name, holder }).await;
    answer(&admin, &caller, typed, done).await
}

async fn answer(admin: &Admin, caller: &Caller, typed: Typed, done: Result<(), Fault>) -> Result<Response, Refusal> {
    let fault = match done {
        Ok(()) => return Ok(Redirect::to("/admin/standings").into_response()),
        Err(fault) => fault,
    };
    let shown = matches!(fault.code, FaultCode::Invalid | FaultCode::Conflict | FaultCode::NotFound | FaultCode::Stale);
    if !shown && fault.explanation.is_some() {
        return Err(fault.into());
    }
    let standings = admin.execute(caller, ListStandings {}).await?;
    let page = render(admin, caller, &standings, &typed, Some(&fault));
    Ok((status_of(&fault), Html(page)).into_response())
}

fn until(days: &str, now: Time) -> Result<Option<DateTime<Utc>>, Fault> {
    let known = SPANS.iter().find(|(value, _, _)| *value == days);
    let (_, _, days) = known.ok_or_else(|| Fault::invalid("ends_at", "must be one of those offered"))?;
    Ok((*days > 0).then(|| now + Duration::days(*days)))
}

/// People type handles; the rest stays as it is.
async fn holder(admin: &Admin, caller: &Caller, typed: &str) -> Result<String, Fault> {
    let typed = typed.trim();
    let Some(handle) = typed.strip_prefix('@') else { return Ok(typed.to_owned()) };
    let known = admin.store.person_by_handle(caller.actor.tenant, handle).await?;
    let person = known.ok_or_else(|| Fault::invalid("holder", "is nobody of this community"))?;
    Ok(format!("user:{}", person.id))
}

fn render(admin: &Admin, caller: &Caller, standings: &Standings, typed: &Typed, fault: Option<&Fault>) -> String {
    let may = |operation| {
        let any = Resource::new("Standing", "", caller.actor.tenant);
        admin.pipeline.gate().allows(caller, operation, &any)
    };
    let faults = fault.map(|fault| fault.fields.as_slice()).unwrap_or_default();
    let flash = fault.filter(|fault| fault.fields.is_empty());
    let flash = flash.map(|fault| Flash::new(Tone::Danger, fault.detail.clone()));
    let body = html! {
        (views(admin, caller, "/admin/standings"))
        @if !faults.is_empty() { (form_errors("That cannot be done like this.", faults, &LABELS)) }
        @if standings.all.is_empty() {
            (EmptyState::new(Icon::Shield, "Only the built-in roles so far",
                "Make up a role of what people may do, or a group of people to give roles to.").render())
        }
        @for view in &standings.all { (standing(view, may(&TAKE_STANDING))) }
        @if !standings.moderators.is_empty() {
            (card("Moderators by grant", holders("role", "moderator", &standings.moderators, may(&TAKE_STANDING))))
        }
        @if may(&GIVE_STANDING) { (card("Give", giving(typed, faults))) }
        @if may(&DEFINE_STANDING) { (card("Make up a role or a group", definition(typed, faults))) }
    };
    page("Roles and groups", caller)
        .lede(html! { "What this community lets people do besides the built-in roles. Nobody gives what they do not have." })
        .flash(flash)
        .render(body)
}

fn standing(view: &StandingView, may_take: bool) -> Markup {
    let (standing, kind) = (&view.standing, view.standing.kind.name());
    let body = html! {
        @if !standing.about.is_empty() { p { (standing.about) } }
        @if standing.kind == StandingKind::Role {
            ul.policies { @for operation in &standing.operations { li { code { (operation) } } } }
        }
        (holders(kind, standing.name.as_str(), &view.holders, may_take))
    };
    card(&format!("{} ({kind})", standing.name.as_str()), body)
}

fn holders(kind: &str, name: &str, holders: &[Held], may_take: bool) -> Markup {
    if holders.is_empty() {
        return html! { p { "Nobody holds it." } };
    }
    let columns = vec![Column::text("Who"), Column::text("Until"), Column::text("")];
    let mut table = Table::new(format!("Who holds {name}"), columns);
    for held in holders {
        let ends = held.ends_at.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string());
        let take = html! {
            @if may_take {
                form.action method="post" action="/admin/standings/take" {
                    (Field::hidden("kind", kind)) (Field::hidden("name", name)) (Field::hidden("holder", &held.holder))
                    (Button::submit("Take away").quiet().about(held.holder.clone()))
                }
            }
        };
        let until = html! { (ends.unwrap_or_else(|| "For good".to_owned())) };
        table = table.row(vec![html! { code { (held.holder) } }, until, take]);
    }
    table.render()
}

fn kinds() -> Vec<Choice> {
    vec![Choice::new("role", "Role"), Choice::new("group", "Group")]
}

fn giving(typed: &Typed, faults: &[FieldFault]) -> Markup {
    let spans = SPANS.iter().map(|(value, label, _)| Choice::new(*value, *label)).collect();
    html! {
        form.form method="post" action="/admin/standings/give" {
            (Field::select("kind", "Kind", kinds()).value(&typed.kind).scope("give"))
            (Field::text("name", "Which").required().value(&typed.name).faults(faults).scope("give")
                .hint("One of those above, or moderator."))
            (Field::text("holder", "Whom").required().value(&typed.holder).faults(faults).scope("give")
                .placeholder("@ada").hint("@handle, user: and an id, or group: and a name."))
            (Field::select("days", "For how long", spans).value(&typed.days).scope("give"))
            div.buttons { (Button::submit("Give")) }
        }
    }
}

fn definition(typed: &Typed, faults: &[FieldFault]) -> Markup {
    html! {
        form.form method="post" action="/admin/standings/define" {
            (Field::select("kind", "Kind", kinds()).value(&typed.kind).scope("define"))
            (Field::text("name", "Name").required().value(&typed.name).faults(faults).scope("define")
                .hint("Small letters, digits and hyphens. It is never changed; the same name changes the one above."))
            (Field::text("about", "What it is for").value(&typed.about).faults(faults).scope("define"))
            (Field::textarea("operations", "What its holders may do", 4).value(&typed.operations).faults(faults)
                .scope("define").placeholder("forum.lock_thread").hint("One operation in each line; none for a group."))
            div.buttons { (Button::submit("Save")) }
        }
    }
}
