//! One task's life: what it is to do, where it comes from, what became of each attempt, and what may be done about it.

use super::{OrderForm, Outcome, Shown, answered, error, page, payload, state_badge, thing, word};
use crate::Platform;
use crate::adapters::orders::{Order, TaskOrder};
use crate::adapters::words::span;
use crate::usecases::{GiveOrder, ReadTask};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, Response};
use kernel::{Caller, Fault, Run, TaskLife, TaskState};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal, keyed};
use std::sync::Arc;
use ui::{Button, Crumb, Icon, Moment, Script, Tone, card, details, exact, fresh_block, refresh_switch, timeline};
use uuid::Uuid;

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ReadTask>,
    Path((module, id)): Path<(String, Uuid)>,
    Query(outcome): Query<Outcome>,
) -> Result<Html<String>, Refusal> {
    Ok(Html(render(&platform, &caller, &module, id, outcome.shown::<TaskOrder>()).await?))
}

pub(super) async fn order(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, id, order)): Path<(String, Uuid, TaskOrder)>,
    Form(OrderForm { idempotency_key }): Form<OrderForm>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, &idempotency_key);
    let (task, word) = (thing("tasks", &module, id), order.word());
    let form = (format!("{task}/{word}"), idempotency_key);
    let outcome = platform.execute(&caller, GiveOrder { module: module.clone(), order: order.about(id) }).await;
    let to = format!("{task}?done={word}");
    answered(outcome, form, to, |shown| render(&platform, &caller, &module, id, shown)).await
}

async fn render(platform: &Platform, caller: &Caller, module: &str, id: Uuid, shown: Shown) -> Result<String, Fault> {
    let life = platform.execute(caller, ReadTask { module: module.to_owned(), id }).await?;
    let address = thing("tasks", module, id);
    let body = html! {
        div.columns {
            div.stack {
                (card("Life", fresh_block("life", timeline(&moments(&life)))))
                (card("Payload", payload("Payload", &life.payload)))
                @if let Some(result) = &life.result { (card("Result", payload("Result", result))) }
            }
            div.stack {
                (card("The task", fresh_block("facts", details(&facts(module, &life)))))
                (card("Where it comes from", details(&origin(&life))))
            }
        }
    };
    let page = page(&life.summary.kind, caller)
        .crumbs(vec![Crumb::new("Tasks", "/platform/tasks/search")])
        .eyebrow(fresh_block("state", state_badge(life.summary.state)))
        .actions(html! { (orders(platform, &address, &life, &shown)) (refresh_switch(&address)) });
    Ok(page.flash(shown.flash).script(Script::Refresh).render(body))
}

/// What may be done in the state the task is in. What cannot be taken back asks first.
fn orders(platform: &Platform, task: &str, life: &TaskLife, shown: &Shown) -> Markup {
    let address = |order: TaskOrder| format!("{task}/{}", order.word());
    match life.summary.state {
        TaskState::Dead => {
            let button = Button::submit("Redrive").icon(Icon::Reply);
            shown.action(platform, &address(TaskOrder::Redrive), button).render()
        }
        TaskState::Ready | TaskState::Scheduled | TaskState::Waiting | TaskState::Running => {
            Button::link("Cancel task", address(TaskOrder::Cancel)).danger().render()
        }
        _ => html! {},
    }
}

fn facts(module: &str, life: &TaskLife) -> Vec<(&'static str, Markup)> {
    let task = &life.summary;
    let mut facts = vec![
        ("Module", word(module)),
        ("Queue", word(&task.queue)),
        ("Priority", html! { (task.priority.name()) }),
        ("Tries", html! { (task.attempts) }),
    ];
    facts.extend(task.key.as_ref().map(|key| ("Unique key", word(key))));
    facts.extend(life.lane.as_ref().map(|lane| ("Lane", word(lane))));
    facts.extend(task.due_at.map(|due| ("Due", exact(due))));
    facts.extend(task.ended_at.map(|ended| ("Ended", exact(ended))));
    facts.extend(life.progress.as_ref().map(|progress| {
        let bar = progress.percent.map(|percent| {
            html! { progress max="100" value=(percent) aria-label="Progress" {} " " (percent) " % " }
        });
        ("Progress", html! { @if let Some(bar) = bar { div { (bar) } } (progress.note) })
    }));
    facts.push(("Version", html! { (life.version) }));
    facts.push(("Id", word(task.id)));
    facts
}

fn origin(life: &TaskLife) -> Vec<(&'static str, Markup)> {
    let origin = &life.origin;
    let mut facts = vec![
        ("Operation", word(&origin.operation)),
        ("Who", html! { (origin.actor.display_name) " " (word(&origin.actor.principal)) }),
        ("Community", word(life.summary.tenant)),
        ("Request", word(&origin.request_id)),
    ];
    facts.extend(origin.trace.as_ref().map(|trace| ("Trace", word(trace))));
    facts.extend(origin.caused_by.map(|cause| ("Caused by", word(cause))));
    facts
}

fn moments(life: &TaskLife) -> Vec<Moment> {
    let who = html! { "By " (life.origin.actor.display_name) " in " (word(&life.origin.operation)) "." };
    let mut moments = vec![Moment::new("Enqueued", exact(life.summary.enqueued_at)).body(who)];
    moments.extend(life.runs.iter().map(run));
    let now = match life.summary.state {
        TaskState::Ready => Some(("Ready to start", life.summary.due_at)),
        TaskState::Scheduled => Some(("Starts", life.summary.due_at)),
        TaskState::Waiting => Some(("Waits for others of its lane", None)),
        TaskState::Running => Some(("Somebody is at it", None)),
        _ => None,
    };
    moments.extend(now.map(|(words, at)| {
        let when = html! { @if let Some(at) = at { (exact(at)) } @else { "now" } };
        Moment::new(words, when).tone(Some(Tone::Info))
    }));
    moments
}

fn run(run: &Run) -> Moment {
    let tone = match run.outcome.as_str() {
        "done" => Some(Tone::Success),
        "failed" | "lost" | "expired" => Some(Tone::Warning),
        "dead" => Some(Tone::Danger),
        "redriven" => Some(Tone::Info),
        _ => None,
    };
    let title = if run.attempt > 0 { format!("Attempt {}: {}", run.attempt, run.outcome) } else { run.outcome.clone() };
    let body = html! {
        @if run.ended_at > run.started_at { "Took " (span(run.ended_at - run.started_at)) ". " }
        @if let Some(worker) = &run.worker { "In " (word(worker)) "." }
        @if let Some(text) = &run.error { (error(text)) }
    };
    Moment::new(title, exact(run.started_at)).tone(tone).body(body)
}
