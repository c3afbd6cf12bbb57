//! What an order about one task or saga would do, before it is given.

use super::task::TaskOrder;
use super::{once, page, path, saga_badge, state_badge, word};
use crate::Platform;
use crate::adapters::rest::sagas::SagaOrder;
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
        thing: path(&["platform", "tasks", &module, &id.to_string()]),
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
        thing: path(&["platform", "sagas", &module, &id.to_string()]),
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
        let title = self.words.as_ref().map_or("Nothing to do", |words| words.title);
        let plan = html! {
            div.stack {
                (self.facts)
                @if let Some(words) = &self.words {
                    p { (words.meaning) }
                    form.form method="post" action={ (self.thing) "/" (self.order) } {
                        (once(platform))
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
    let saga = &life.summary;
    let step = saga.step.as_deref().unwrap_or("that failed");
    match (order, saga.state.as_str()) {
        (_, "done" | "undone") => None,
        (SagaOrder::Compensate, _) => Some(Words {
            title: "Undo this saga?",
            meaning:
                "Every step that may have had an effect is undone, the last one first. It cannot go on afterwards."
                    .to_owned(),
            yes: "Undo it",
            no: "Leave it",
        }),
        (SagaOrder::Skip, "stuck") => Some(Words {
            title: "Skip the step that failed?",
            meaning: format!(
                "The step {step} counts as done and the saga goes on behind it. Only when somebody has done its work \
                 by hand."
            ),
            yes: "Skip the step",
            no: "Leave it",
        }),
        (SagaOrder::Retry, "stuck") => Some(Words {
            title: "Try the step again?",
            meaning: format!("The step {step} is tried again now."),
            yes: "Try it again",
            no: "Leave it",
        }),
        _ => None,
    }
}
