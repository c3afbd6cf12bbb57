//! One saga's life: its steps, what keeps it, and what may be done about it.

use super::ask::meaning;
use super::{OrderForm, Outcome, Shown, answered, error, page, payload, saga_badge, thing, word};
use crate::Platform;
use crate::adapters::orders::{Order, SagaOrder};
use crate::usecases::{GiveOrder, ReadSaga};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, Response};
use kernel::{Caller, Fault, SagaLife, SagaStep};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal, keyed};
use std::sync::Arc;
use ui::{Button, Crumb, Moment, Script, Tone, card, details, exact, fresh_block, refresh_switch, timeline};
use uuid::Uuid;

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ReadSaga>,
    Path((module, id)): Path<(String, Uuid)>,
    Query(outcome): Query<Outcome>,
) -> Result<Html<String>, Refusal> {
    Ok(Html(render(&platform, &caller, &module, id, outcome.shown::<SagaOrder>()).await?))
}

pub(super) async fn order(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, id, order)): Path<(String, Uuid, SagaOrder)>,
    Form(OrderForm { idempotency_key }): Form<OrderForm>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, &idempotency_key);
    let (saga, word) = (thing("sagas", &module, id), order.word());
    let form = (format!("{saga}/{word}"), idempotency_key);
    let outcome = platform.execute(&caller, GiveOrder { module: module.clone(), order: order.about(id) }).await;
    let to = format!("{saga}?done={word}");
    answered(outcome, form, to, |shown| render(&platform, &caller, &module, id, shown)).await
}

async fn render(platform: &Platform, caller: &Caller, module: &str, id: Uuid, shown: Shown) -> Result<String, Fault> {
    let life = platform.execute(caller, ReadSaga { module: module.to_owned(), id }).await?;
    let address = thing("sagas", module, id);
    let moments: Vec<_> = life.steps.iter().map(step).collect();
    let body = html! {
        div.columns {
            div.stack {
                (card("Steps", fresh_block("steps", timeline(&moments))))
                (card("Input", payload("Input", &life.input)))
            }
            div.stack {
                (card("The saga", fresh_block("facts", details(&facts(module, &life)))))
                @if let Some(orders) = orders(platform, &address, &life, &shown) { (card("What may be done", orders)) }
            }
        }
    };
    let page = page(&life.summary.kind, caller)
        .crumbs(vec![Crumb::new("Sagas", "/platform/sagas")])
        .eyebrow(fresh_block("state", saga_badge(&life.summary.state)))
        .actions(refresh_switch(&address));
    Ok(page.flash(shown.flash).script(Script::Refresh).render(body))
}

/// What may be done in the state the saga is in, with what it means. What cannot be taken back asks first.
fn orders(platform: &Platform, saga: &str, life: &SagaLife, shown: &Shown) -> Option<Markup> {
    let means = |order: &SagaOrder| meaning(*order, life).map(|words| (*order, words));
    let orders: Vec<_> = SagaOrder::ALL.iter().filter_map(means).collect();
    let button = |order: SagaOrder| {
        let address = format!("{saga}/{}", order.word());
        match order {
            SagaOrder::Retry => {
                let retry = Button::submit("Retry").small();
                let retry = if life.summary.state == "stuck" { retry } else { retry.secondary() };
                shown.action(platform, &address, retry).render()
            }
            SagaOrder::Skip => Button::link("Skip", address).secondary().small().render(),
            SagaOrder::Compensate => Button::link("Undo", address).danger().small().render(),
        }
    };
    (!orders.is_empty()).then(|| {
        html! {
            dl.details { @for (order, words) in &orders { div { dt { (button(*order)) } dd { (words) } } } }
        }
    })
}

fn facts(module: &str, life: &SagaLife) -> Vec<(&'static str, Markup)> {
    let saga = &life.summary;
    let mut facts = vec![
        ("Module", word(module)),
        ("About", word(&saga.correlation)),
        ("Started", exact(saga.started_at)),
        ("Moved", exact(saga.updated_at)),
    ];
    facts.extend(saga.step.as_ref().map(|step| ("At step", html! { (word(step)) " tried " (saga.attempts) " times" })));
    facts.extend(saga.next_at.map(|next| ("Next attempt", exact(next))));
    facts.extend(saga.error.as_ref().map(|error| ("Last error", html! { span.error-words { (error) } })));
    facts.push(("Id", word(saga.id)));
    facts
}

fn step(step: &SagaStep) -> Moment {
    let tone = match step.state.as_str() {
        "done" | "skipped" => Some(Tone::Success),
        "failed" => Some(Tone::Danger),
        "compensating" => Some(Tone::Warning),
        "running" | "waiting" => Some(Tone::Info),
        _ => None,
    };
    let when = html! { @if let Some(at) = step.updated_at { (exact(at)) } };
    let body = html! {
        (saga_badge(&step.state))
        @if step.attempts > 1 { " tried " (step.attempts) " times" }
        @if let Some(output) = &step.output { (payload("Output", output)) }
        @if let Some(text) = &step.error { (error(text)) }
    };
    Moment::new(step.name.as_str(), when).tone(tone).body(body)
}
