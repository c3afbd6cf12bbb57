//! What an order about one task or saga would do, before it is given.

use super::{Shown, page, saga_badge, state_badge, thing, word};
use crate::Platform;
use crate::adapters::orders::{Order, SagaOrder, TaskOrder};
use crate::usecases::{GiveOrder, ReadSaga, ReadTask};
use axum::extract::State;
use axum::response::Html;
use kernel::{Caller, SagaLife, TaskLife, TaskState};
use maud::{Markup, html};
use runtime::http::{Admitted, Path, Refusal};
use std::sync::Arc;
use ui::{Button, Crumb, Width, card, details};
use uuid::Uuid;

pub(super) async fn about_task(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, id, order)): Path<(String, Uuid, TaskOrder)>,
) -> Result<Html<String>, Refusal> {
    let life = platform.execute(&caller, ReadTask { module: module.clone(), id }).await?;
    let facts = [
        ("Task", word(&life.summary.kind)),
        ("State", state_badge(life.summary.state)),
        ("Queue", html! { span.muted { (module) " /" } " " (life.summary.queue) }),
        ("Id", word(id)),
    ];
    let question = Question {
        thing: thing("tasks", &module, id),
        name: life.summary.kind.clone(),
        order: order.word(),
        facts: details(&facts),
        words: words_for_task(order, &life),
    };
    Ok(Html(question.render(&platform, &caller)))
}

pub(super) async fn about_saga(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<GiveOrder>,
    Path((module, id, order)): Path<(String, Uuid, SagaOrder)>,
) -> Result<Html<String>, Refusal> {
    let life = platform.execute(&caller, ReadSaga { module: module.clone(), id }).await?;
    let saga = &life.summary;
    let mut facts = vec![("Saga", word(&saga.kind)), ("State", saga_badge(&saga.state))];
    facts.push(("About", word(&saga.correlation)));
    facts.extend(saga.step.as_ref().map(|step| ("At step", word(step))));
    facts.extend(saga.error.as_ref().map(|error| ("Last error", html! { span.error-words { (error) } })));
    let question = Question {
        thing: thing("sagas", &module, id),
        name: saga.kind.clone(),
        order: order.word(),
        facts: details(&facts),
        words: words_for_saga(order, &life),
    };
    Ok(Html(question.render(&platform, &caller)))
}

/// What is asked about an order, and the two ways to answer.
struct Words {
    title: &'static str,
    meaning: String,
    yes: &'static str,
    no: &'static str,
}

/// An order somebody is about to give.
struct Question {
    /// The address of what it is about.
    thing: String,
    name: String,
    order: &'static str,
    facts: Markup,
    /// None when the state it is in has no such order any more.
    words: Option<Words>,
}

impl Question {
    fn render(self, platform: &Platform, caller: &Caller) -> String {
        let address = format!("{}/{}", self.thing, self.order);
        let title = self.words.as_ref().map_or("Nothing to do", |words| words.title);
        let plan = html! {
            div.stack {
                (self.facts)
                @if let Some(words) = &self.words {
                    p { (words.meaning) }
                    form.form method="post" action=(address) {
                        (Shown::default().once(platform, &address))
                        div.buttons {
                            (Button::submit(words.yes).danger())
                            (Button::link(words.no, &self.thing).quiet())
                        }
                    }
                } @else {
                    p { "In the state it is in this cannot be ordered." }
                    div.buttons { (Button::link("Back to it", &self.thing)) }
                }
            }
        };
        let page = page(title, caller).width(Width::Text).crumbs(vec![Crumb::new(self.name, self.thing)]);
        page.render(card("What would happen", plan))
    }
}

fn words_for_task(order: TaskOrder, life: &TaskLife) -> Option<Words> {
    use TaskState::{Dead, Ready, Running, Scheduled, Waiting};
    let cancel = |meaning: &str| Words {
        title: "Cancel this task?",
        meaning: meaning.to_owned(),
        yes: "Cancel task",
        no: "Leave it",
    };
    match (order, life.summary.state) {
        (TaskOrder::Redrive, Dead) => Some(Words {
            title: "Redrive this task?",
            meaning: "It gets another life, with its attempts counted anew.".to_owned(),
            yes: "Redrive it",
            no: "Leave it",
        }),
        (TaskOrder::Cancel, Running) => Some(cancel(
            "It is asked to stop, and stops as soon as it listens. What it has committed so far stays, and it is not \
             tried again.",
        )),
        (TaskOrder::Cancel, Ready | Scheduled | Waiting) => {
            Some(cancel("It is taken out of its queue and is not done. It cannot be brought back."))
        }
        _ => None,
    }
}

fn words_for_saga(order: SagaOrder, life: &SagaLife) -> Option<Words> {
    let (title, yes) = match order {
        SagaOrder::Retry => ("Try the step again?", "Try it again"),
        SagaOrder::Skip => ("Skip the step that failed?", "Skip the step"),
        SagaOrder::Compensate => ("Undo this saga?", "Undo it"),
    };
    Some(Words { title, meaning: meaning(order, life)?, yes, no: "Leave it" })
}

/// What an order would do to the saga in the state it is in. Nothing where the state has no such order.
pub(super) fn meaning(order: SagaOrder, life: &SagaLife) -> Option<String> {
    let (saga, back) = (&life.summary, is_going_back(life));
    let step = saga.step.as_deref().unwrap_or("that failed");
    match (order, saga.state.as_str()) {
        (_, "done" | "undone") => None,
        (SagaOrder::Retry, "stuck") if back => Some(format!("Undoing the step {step} is tried again now.")),
        (SagaOrder::Retry, "stuck") => Some(format!("The step {step} is tried again now.")),
        (SagaOrder::Retry, "running" | "compensating") => Some(
            "What is under way is ordered once more. Nothing else goes on with it when its task was cancelled or is a \
             dead letter; otherwise there is no need to."
                .to_owned(),
        ),
        (SagaOrder::Skip, "stuck") if back => Some(format!(
            "The step {step} counts as undone and the saga goes on undoing what came before it. Only when somebody has \
             undone its work by hand."
        )),
        (SagaOrder::Skip, "stuck") => Some(format!(
            "The step {step} counts as done and the saga goes on behind it. Only when somebody has done its work by hand."
        )),
        (SagaOrder::Compensate, _) if !back => Some(
            "Every step that may have had an effect is undone, the last one first. It cannot go on afterwards."
                .to_owned(),
        ),
        _ => None,
    }
}

/// Whether the saga is being undone already. One that is stuck says so by the step it is stuck at.
fn is_going_back(life: &SagaLife) -> bool {
    let at = life.steps.iter().find(|step| Some(&step.name) == life.summary.step.as_ref());
    life.summary.state == "compensating" || at.is_some_and(|step| step.state == "compensating")
}
