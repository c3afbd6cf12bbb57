//! Every schedule of every module, with what may be done about it.

use super::{OrderForm, Outcome, Shown, answered, page, silence, views, word};
use crate::Platform;
use crate::adapters::orders::{Order, ScheduleOrder};
use crate::usecases::{GiveOrder, ListSchedules};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, Response};
use kernel::{Caller, Fault, ScheduleState, Time};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal, keyed};
use std::sync::Arc;
use ui::{Button, Column, EmptyState, Icon, Script, Table, Tone, ago, badge, fresh, refresh_switch, url_path};

const ADDRESS: &str = "/platform/schedules";

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ListSchedules>,
    Query(outcome): Query<Outcome>,
) -> Result<Html<String>, Refusal> {
    Ok(Html(render(&platform, &caller, outcome.shown::<ScheduleOrder>()).await?))
}

pub(super) async fn order(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, name, order)): Path<(String, String, ScheduleOrder)>,
    Form(OrderForm { idempotency_key }): Form<OrderForm>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, &idempotency_key);
    let form = (address(&module, &name, order), idempotency_key);
    let outcome = platform.execute(&caller, GiveOrder { module, order: order.about(name) }).await;
    let to = format!("{ADDRESS}?done={}", order.word());
    answered(outcome, form, to, |shown| render(&platform, &caller, shown)).await
}

/// Where an order about a schedule is given.
fn address(module: &str, name: &str, order: ScheduleOrder) -> String {
    url_path(&["platform", "schedules", module, name, order.word()])
}

async fn render(platform: &Platform, caller: &Caller, shown: Shown) -> Result<String, Fault> {
    let survey = platform.execute(caller, ListSchedules::default()).await?;
    let none = survey.heard.iter().all(|(_, schedules)| schedules.is_empty());
    let body = html! {
        (views(ADDRESS))
        (silence(&survey.silent))
        @if none {
            (EmptyState::new(Icon::Clock, "No schedules", "No module does anything by the clock."))
        } @else {
            (table(platform, &survey.heard, &shown))
        }
    };
    let lede = html! { "What is enqueued by the clock, each tick once." };
    let page = page("Schedules", caller).lede(lede).actions(refresh_switch(ADDRESS));
    Ok(page.flash(shown.flash).script(Script::Refresh).render(body))
}

fn table(platform: &Platform, heard: &[(String, Vec<ScheduleState>)], shown: &Shown) -> Markup {
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
        table.row(row(platform, module, schedule, shown, now))
    })
    .render()
}

fn row(platform: &Platform, module: &str, schedule: &ScheduleState, shown: &Shown, now: Time) -> Vec<Markup> {
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
        orders(platform, module, schedule, shown),
    ]
}

fn orders(platform: &Platform, module: &str, schedule: &ScheduleState, shown: &Shown) -> Markup {
    let action = |order: ScheduleOrder, label: &str| {
        let about = format!("{label} {module} / {}", schedule.name);
        let button = Button::submit(label).secondary().small().about(about);
        shown.action(platform, &address(module, &schedule.name, order), button)
    };
    html! {
        div.buttons.buttons--end {
            (action(ScheduleOrder::RunNow, "Run now"))
            @if schedule.paused {
                (action(ScheduleOrder::Resume, "Resume"))
            } @else {
                (action(ScheduleOrder::Pause, "Pause"))
            }
        }
    }
}
