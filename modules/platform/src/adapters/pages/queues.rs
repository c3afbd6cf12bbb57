//! Every queue of every module, with what may be done to it, and what went through in the last hour.

use super::{OrderForm, Outcome, Shown, answered, page, silence, views};
use crate::Platform;
use crate::adapters::orders::{Order, QueueOrder};
use crate::adapters::words::{limits, span};
use crate::desks::{Silent, Survey};
use crate::domain::TypedLimits;
use crate::usecases::{GiveOrder, LimitQueue, ListQueues, ReadThroughput};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, Response};
use futures::future::try_join;
use kernel::{Caller, Fault, FieldFault, QueueState, ThroughputMinute, Time};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal, keyed};
use serde::Deserialize;
use std::sync::Arc;
use ui::{
    BarChart, Button, Column, EmptyState, Field, Icon, Script, Series, Table, Tone, badge, fresh, fresh_block,
    refresh_switch, url_path,
};

const ADDRESS: &str = "/platform/tasks";
/// What is ordered by the form of a queue's limits.
const LIMITS: &str = "limits";
/// How far back the charts go.
const MINUTES: u32 = 60;

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ListQueues>,
    Query(outcome): Query<Outcome>,
) -> Result<Html<String>, Refusal> {
    let shown = match outcome.is(LIMITS) {
        true => Shown::done("The limits hold from now on."),
        false => outcome.shown::<QueueOrder>(),
    };
    Ok(Html(render(&platform, &caller, shown, None).await?))
}

pub(super) async fn order(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, queue, order)): Path<(String, String, QueueOrder)>,
    Form(OrderForm { idempotency_key }): Form<OrderForm>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, &idempotency_key);
    let form = (address(&module, &queue, order.word()), idempotency_key);
    let outcome = platform.execute(&caller, GiveOrder { module, order: order.about(queue) }).await;
    let to = format!("{ADDRESS}?done={}", order.word());
    answered(outcome, form, to, |shown| render(&platform, &caller, shown, None)).await
}

/// Where an order about a queue is given.
fn address(module: &str, queue: &str, order: &str) -> String {
    url_path(&["platform", "queues", module, queue, order])
}

/// The limits as they were typed, and what is wrong with them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LimitsForm {
    #[serde(default)]
    per_process: String,
    #[serde(default)]
    at_most: String,
    #[serde(default)]
    rate: String,
    #[serde(default)]
    rate_seconds: String,
    #[serde(default)]
    idempotency_key: String,
}

/// Whose limits were sent and not set.
struct Rejected {
    module: String,
    queue: String,
    form: LimitsForm,
}

impl LimitsForm {
    fn typed(&self) -> Result<TypedLimits, Fault> {
        let mut faults = Vec::new();
        let mut number = |field: &str, text: &str| match text.trim() {
            "" => None,
            text => text.parse().map_or_else(
                |_| {
                    faults.push(FieldFault { field: field.to_owned(), detail: "must be a whole number".to_owned() });
                    None
                },
                Some,
            ),
        };
        let limits = TypedLimits {
            per_process: number("per_process", &self.per_process),
            at_most: number("at_most", &self.at_most),
            rate: number("rate", &self.rate),
            rate_seconds: number("rate_seconds", &self.rate_seconds),
        };
        if faults.is_empty() { Ok(limits) } else { Err(Fault::invalid_fields(faults)) }
    }

    fn of(queue: &QueueState) -> Self {
        let text = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let limits = TypedLimits::from(&queue.settings.limits);
        Self {
            per_process: text(limits.per_process),
            at_most: text(limits.at_most),
            rate: text(limits.rate),
            rate_seconds: text(limits.rate_seconds),
            idempotency_key: String::new(),
        }
    }
}

pub(super) async fn limit(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<LimitQueue>,
    Path((module, queue)): Path<(String, String)>,
    Form(form): Form<LimitsForm>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, &form.idempotency_key);
    let sent = (address(&module, &queue, LIMITS), form.idempotency_key.clone());
    let outcome = match form.typed() {
        Ok(limits) => {
            let wanted = LimitQueue { module: module.clone(), queue: queue.clone(), limits };
            platform.execute(&caller, wanted).await
        }
        Err(fault) => Err(fault),
    };
    let rejected = Rejected { module, queue, form };
    let again = |mut shown: Shown| {
        // What is wrong with a field stands at the field.
        shown.flash = shown.flash.filter(|_| shown.faults.is_empty());
        render(&platform, &caller, shown, Some(&rejected))
    };
    answered(outcome, sent, format!("{ADDRESS}?done={LIMITS}"), again).await
}

async fn render(
    platform: &Platform,
    caller: &Caller,
    shown: Shown,
    rejected: Option<&Rejected>,
) -> Result<String, Fault> {
    let throughput = platform.execute(caller, ReadThroughput { module: None, minutes: MINUTES });
    let (queues, throughput) = try_join(platform.execute(caller, ListQueues::default()), throughput).await?;
    let none = queues.heard.iter().all(|(_, queues)| queues.is_empty());
    let body = html! {
        (views(ADDRESS))
        (fresh_block("silent", silence(&silent(&queues, &throughput))))
        @if none { (nothing(&queues)) } @else { (table(platform, &queues, &shown, rejected)) }
        h2 { "The last hour" }
        (fresh_block("charts", charts(&throughput)))
    };
    let lede = html! { "What waits, what runs, and what needs somebody." };
    let page = page("Queues", caller).lede(lede).actions(refresh_switch(ADDRESS));
    Ok(page.flash(shown.flash).script(Script::Refresh).render(body))
}

/// Whoever fell silent at either question, once.
fn silent(queues: &Survey<Vec<QueueState>>, throughput: &Survey<Vec<ThroughputMinute>>) -> Vec<Silent> {
    let mut silent = queues.silent.clone();
    let known: Vec<_> = silent.iter().map(|silent| silent.module.clone()).collect();
    silent.extend(throughput.silent.iter().filter(|silent| !known.contains(&silent.module)).cloned());
    silent
}

fn nothing(queues: &Survey<Vec<QueueState>>) -> Markup {
    let text = if queues.silent.is_empty() {
        "A queue appears here as soon as a worker of its module has started."
    } else {
        "The modules that answer have no queues."
    };
    EmptyState::new(Icon::Pulse, "No queues", text).render()
}

fn table(platform: &Platform, queues: &Survey<Vec<QueueState>>, shown: &Shown, rejected: Option<&Rejected>) -> Markup {
    let columns = vec![
        Column::text("Queue"),
        Column::number("Ready"),
        Column::number("Scheduled"),
        Column::number("Waiting"),
        Column::number("Running"),
        Column::number("Dead"),
        Column::number("Oldest waits"),
        Column::actions("What to do"),
    ];
    let now = platform.clock.now();
    let rows = queues.heard.iter().flat_map(|(module, queues)| queues.iter().map(move |queue| (module, queue)));
    rows.fold(Table::new("Queues", columns), |table, (module, queue)| {
        let name = &queue.settings.name;
        let rejected = rejected.filter(|rejected| rejected.module == *module && rejected.queue == *name);
        let mut cells = vec![named(platform, module, queue, shown, rejected)];
        cells.extend(numbers(module, queue, now));
        cells.push(pause(platform, module, queue, shown));
        table.row(cells)
    })
    .render()
}

fn numbers(module: &str, queue: &QueueState, now: Time) -> Vec<Markup> {
    let name = &queue.settings.name;
    let key = |what: &str| format!("{module}/{name}/{what}");
    let search = |state: &str, count: u64| {
        let href = format!(
            "/platform/tasks/search{}",
            ui::url_query(&[("module", module), ("queue", name), ("state", state)])
        );
        fresh(key(state), html! { @if count == 0 { "0" } @else { a href=(href) { (count) } } })
    };
    let dead = html! { @if queue.dead > 0 { strong { (search("dead", queue.dead)) } } @else { (search("dead", 0)) } };
    vec![
        search("ready", queue.ready),
        search("scheduled", queue.scheduled),
        search("waiting", queue.waiting),
        search("running", queue.running),
        dead,
        fresh(key("oldest"), html! { (queue.oldest_due.map_or_else(|| "–".to_owned(), |due| span(now - due))) }),
    ]
}

/// The name, which opens to the limits.
fn named(platform: &Platform, module: &str, queue: &QueueState, shown: &Shown, rejected: Option<&Rejected>) -> Markup {
    let name = &queue.settings.name;
    let own = LimitsForm::of(queue);
    let (form, faults) = rejected.map_or((&own, [].as_slice()), |rejected| (&rejected.form, &shown.faults));
    let address = address(module, name, LIMITS);
    // The same four fields stand on the page once for each queue.
    let field = |field: &'static str, label: &str, value: &str| limit_field(module, name, field, label, value, faults);
    let known = limits(&queue.settings.limits);
    html! {
        details.stack open[rejected.is_some()] {
            summary {
                span.muted { (module) } " / " strong { (name) } " "
                @if queue.settings.paused { (badge(Some(Tone::Warning), "paused")) " " }
                @if !known.is_empty() { (badge(None, &known)) }
            }
            form.form method="post" action=(address) {
                (shown.once(platform, &address))
                div.fields-row {
                    (field("per_process", "In each process", &form.per_process))
                    (field("at_most", "In all together", &form.at_most))
                    (field("rate", "Starts", &form.rate))
                    (field("rate_seconds", "per seconds", &form.rate_seconds))
                }
                div.buttons { (Button::submit("Set limits").secondary().small()) }
            }
        }
    }
}

fn limit_field(
    module: &str,
    queue: &str,
    field: &'static str,
    label: &str,
    value: &str,
    faults: &[FieldFault],
) -> Markup {
    let mut control = Field::number(field, label).scope(format!("{module}-{queue}")).value(value);
    if let Some(fault) = faults.iter().find(|fault| fault.field == field) {
        control = control.error(&fault.detail);
    }
    control.render()
}

fn pause(platform: &Platform, module: &str, queue: &QueueState, shown: &Shown) -> Markup {
    let name = &queue.settings.name;
    let (order, label) =
        if queue.settings.paused { (QueueOrder::Resume, "Resume") } else { (QueueOrder::Pause, "Pause") };
    let button = Button::submit(label).secondary().small().about(format!("{label} {module} / {name}"));
    shown.action(platform, &address(module, name, order.word()), button).render()
}

fn charts(throughput: &Survey<Vec<ThroughputMinute>>) -> Markup {
    let busy =
        |minutes: &[ThroughputMinute]| minutes.iter().any(|minute| minute.done + minute.failed + minute.dead > 0);
    let busy: Vec<_> = throughput.heard.iter().filter(|(_, minutes)| busy(minutes)).collect();
    html! {
        @if busy.is_empty() {
            (EmptyState::new(Icon::Clock, "A quiet hour", "Nothing was done and nothing failed."))
        } @else {
            div.charts { @for (module, minutes) in busy { (chart(module, minutes)) } }
        }
    }
}

fn chart(module: &str, minutes: &[ThroughputMinute]) -> BarChart {
    let series = vec![Series::good("done"), Series::doubtful("failed"), Series::bad("dead")];
    let clock = |minute: &ThroughputMinute| minute.minute.format("%H:%M UTC").to_string();
    let chart = BarChart::new(module, series).ends(minutes.first().map(clock).unwrap_or_default(), "now");
    minutes.iter().fold(chart, |chart, minute| chart.bar(clock(minute), vec![minute.done, minute.failed, minute.dead]))
}
