//! Every schedule of every module, with what may be done about it.

use super::{OrderForm, Outcome, back, failed, is_shown, keyed, page, path, refused, silence, views, word};
use crate::Platform;
use crate::adapters::rest::schedules::ScheduleOrder;
use crate::usecases::{GiveOrder, ListSchedules};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, Response};
use kernel::{Caller, Fault, ScheduleState, Time};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal};
use std::sync::Arc;
use ui::{Action, Button, Column, EmptyState, Flash, Icon, Script, Table, Tone, ago, badge, fresh, refresh_switch};

const ADDRESS: &str = "/platform/schedules";

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ListSchedules>,
    Query(outcome): Query<Outcome>,
) -> Result<Html<String>, Refusal> {
    Ok(Html(render(&platform, &caller, outcome.flash()).await?))
}

pub(super) async fn order(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, name, order)): Path<(String, String, ScheduleOrder)>,
    Form(form): Form<OrderForm>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, form.idempotency_key.as_deref());
    let done = match order {
        ScheduleOrder::RunNow => "run-now",
        ScheduleOrder::Pause => "pause-schedule",
        ScheduleOrder::Resume => "resume-schedule",
    };
    match platform.execute(&caller, GiveOrder { module, order: order.about(name) }).await {
        Ok(_) => Ok(back(ADDRESS, done)),
        Err(fault) if is_shown(&fault) => Ok(refused(&fault, render(&platform, &caller, failed(&fault)).await?)),
        Err(fault) => Err(fault.into()),
    }
}

async fn render(platform: &Platform, caller: &Caller, flash: Option<Flash>) -> Result<String, Fault> {
    let survey = platform.execute(caller, ListSchedules::default()).await?;
    let none = survey.heard.iter().all(|(_, schedules)| schedules.is_empty());
    let body = html! {
        (views(ADDRESS))
        (silence(&survey.silent))
        @if none {
            (EmptyState::new(Icon::Clock, "No schedules", "No module does anything by the clock."))
        } @else {
            (table(platform, &survey.heard))
        }
    };
    let lede = html! { "What is enqueued by the clock, each tick once." };
    let page = page("Schedules", caller).lede(lede).actions(refresh_switch(ADDRESS));
    Ok(page.flash(flash).script(Script::Refresh).render(body))
}

fn table(platform: &Platform, heard: &[(String, Vec<ScheduleState>)]) -> Markup {
    let columns = vec![
        Column::text("Schedule"),
        Column::text("When"),
        Column::text("Last"),
        Column::text("Next"),
        Column::actions("What to do"),
    ];
    let now = platform.clock.now();
    let all = heard.iter().flat_map(|(module, all)| all.iter().map(move |schedule| (module.as_str(), schedule)));
    all.fold(Table::new("Schedules", columns), |table, (module, schedule)| {
        table.row(row(platform, module, schedule, now))
    })
    .render()
}

fn row(platform: &Platform, module: &str, schedule: &ScheduleState, now: Time) -> Vec<Markup> {
    let key = |what: &str| format!("{module}/{}/{what}", schedule.name);
    let tick = |what: &str, at: Option<Time>| {
        fresh(key(what), html! { @if let Some(at) = at { (ago(at, now)) } @else { "–" } })
    };
    let name = html! {
        span.muted { (module) } " / " strong { (schedule.name) } " "
        @if schedule.paused { (badge(Some(Tone::Warning), "paused")) }
        div { (word(&schedule.kind)) }
    };
    let when = html! { (word(&schedule.cron)) div.muted { (schedule.zone) } };
    vec![
        name,
        when,
        tick("last", schedule.last_tick),
        tick("next", schedule.next_tick),
        orders(platform, module, schedule),
    ]
}

fn orders(platform: &Platform, module: &str, schedule: &ScheduleState) -> Markup {
    let action = |order: &str, label: &str| {
        let about = format!("{label} {module} / {}", schedule.name);
        let button = Button::submit(label).secondary().small().about(about);
        let action = Action::post(path(&["platform", "schedules", module, &schedule.name, order]), button);
        action.hidden("idempotency_key", platform.ids.next().to_string())
    };
    html! {
        div.buttons.buttons--end {
            (action("run-now", "Run now"))
            @if schedule.paused { (action("resume", "Resume")) } @else { (action("pause", "Pause")) }
        }
    }
}
