//! One saga's life: its steps, what keeps it, and what may be done about it.

use super::{OrderForm, Outcome, back, error, failed, is_shown, keyed, page, path, payload, refused, saga_badge, word};
use crate::Platform;
use crate::adapters::rest::sagas::SagaOrder;
use crate::usecases::{GiveOrder, ReadSaga};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, Response};
use kernel::{Caller, Fault, SagaLife, SagaStep};
use maud::{Markup, html};
use runtime::http::{Admitted, Path, Query, Refusal};
use std::sync::Arc;
use ui::{
    Action, Button, Crumb, Flash, Moment, Script, Tone, card, details, exact, fresh_block, refresh_switch, timeline,
};
use uuid::Uuid;

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<ReadSaga>,
    Path((module, id)): Path<(String, Uuid)>,
    Query(outcome): Query<Outcome>,
) -> Result<Html<String>, Refusal> {
    Ok(Html(render(&platform, &caller, &module, id, outcome.flash()).await?))
}

pub(super) async fn order(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, id, order)): Path<(String, Uuid, SagaOrder)>,
    Form(form): Form<OrderForm>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, form.idempotency_key.as_deref());
    match platform.execute(&caller, GiveOrder { module: module.clone(), order: order.about(id) }).await {
        Ok(_) => Ok(back(&format!("/platform/sagas/{module}/{id}"), order.word())),
        Err(fault) if is_shown(&fault) => {
            Ok(refused(&fault, render(&platform, &caller, &module, id, failed(&fault)).await?))
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn render(
    platform: &Platform,
    caller: &Caller,
    module: &str,
    id: Uuid,
    flash: Option<Flash>,
) -> Result<String, Fault> {
    let life = platform.execute(caller, ReadSaga { module: module.to_owned(), id }).await?;
    let moments: Vec<_> = life.steps.iter().map(step).collect();
    let body = html! {
        div.columns {
            div.stack {
                (card("Steps", fresh_block("steps", timeline(&moments))))
                (card("Input", payload("Input", &life.input)))
            }
            div.stack {
                (card("The saga", fresh_block("facts", details(&facts(module, &life)))))
                @if let Some(orders) = orders(platform, module, &life) { (card("What may be done", orders)) }
            }
        }
    };
    let address = format!("/platform/sagas/{module}/{id}");
    let page = page(&life.summary.kind, caller)
        .crumbs(vec![Crumb::new("Sagas", "/platform/sagas")])
        .eyebrow(fresh_block("state", saga_badge(&life.summary.state)))
        .actions(refresh_switch(&address));
    Ok(page.flash(flash).script(Script::Refresh).render(body))
}

/// What may be done in the state the saga is in, with what it means. What cannot be taken back asks first.
fn orders(platform: &Platform, module: &str, life: &SagaLife) -> Option<Markup> {
    let stuck = life.summary.state == "stuck";
    if matches!(life.summary.state.as_str(), "done" | "undone") {
        return None;
    }
    let id = life.summary.id.to_string();
    let address = |order: SagaOrder| path(&["platform", "sagas", module, &id, order.word()]);
    let retry = Action::post(address(SagaOrder::Retry), Button::submit("Retry").small())
        .hidden("idempotency_key", platform.ids.next().to_string());
    Some(html! {
        dl.details {
            @if stuck {
                div { dt { (retry) } dd { "Tries the failed step again now." } }
                div {
                    dt { (Button::link("Skip", address(SagaOrder::Skip)).secondary().small()) }
                    dd { "Takes the failed step as done. Only when somebody has done its work by hand." }
                }
            }
            div {
                dt { (Button::link("Undo", address(SagaOrder::Compensate)).danger().small()) }
                dd { "Undoes every step that may have had an effect, the last one first." }
            }
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
