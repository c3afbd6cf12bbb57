//! What redriving everything that was found would do, before it is done.

use super::search::Search;
use super::tasks::{REDRIVEN, View, redriven};
use super::{page, silence, views};
use crate::Platform;
use crate::adapters::words::counted;
use crate::desks::{Silent, Survey};
use crate::usecases::{CountTasks, RedriveAll};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Caller, Fault, TaskState};
use maud::{Markup, html};
use runtime::http::{Admitted, Query, Refusal};
use std::sync::Arc;
use ui::{Button, Crumb, Field, Flash, Tone, Width, alert, card, details};

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<RedriveAll>,
    Query(view): Query<View>,
) -> Result<Html<String>, Refusal> {
    Ok(Html(render(&platform, &caller, &view, None).await?))
}

/// The form has no idempotency key: given again, the order finds only what has died since.
pub(super) async fn redrive(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<RedriveAll>,
    Form(view): Form<View>,
) -> Result<Response, Refusal> {
    let redriving = RedriveAll { module: view.module(), filter: view.filter() };
    let survey = platform.execute(&caller, redriving).await?;
    if !survey.silent.is_empty() {
        let page = render(&platform, &caller, &view, Some(&survey)).await?;
        return Ok((StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response());
    }
    let address = view.in_state("").address();
    let joint = if address.contains('?') { '&' } else { '?' };
    Ok(Redirect::to(&format!("{address}{joint}done={REDRIVEN}&touched={}", survey.total())).into_response())
}

/// The page before the order is given, and again when it is not known to have reached every module.
async fn render(
    platform: &Platform,
    caller: &Caller,
    view: &View,
    given: Option<&Survey<u64>>,
) -> Result<String, Fault> {
    let view = view.in_state(TaskState::Dead.name());
    let survey = platform.execute(caller, CountTasks { module: view.module(), filter: view.filter() }).await?;
    let count = survey.total();
    let unsure = given.map_or(&[][..], |given| &given.silent);
    let told = |silent: &&Silent| !unsure.iter().any(|unsure| unsure.module == silent.module);
    let silent: Vec<Silent> = survey.silent.iter().filter(told).cloned().collect();
    let body = html! {
        (views(View::ADDRESS))
        (uncertainty(unsure))
        (silence(&silent))
        (card("What would happen", plan(&view, &survey, count)))
    };
    let title = match count {
        0 => "Nothing to redrive".to_owned(),
        count => format!("Redrive {}?", counted(count, "dead letter")),
    };
    let page = page(title, caller).width(Width::Text).crumbs(vec![Crumb::new("Tasks", view.address())]);
    let redriven = given.map(Survey::total).filter(|count| *count > 0).map(redriven);
    Ok(page.flash(redriven.map(|words| Flash::new(Tone::Success, words))).render(body))
}

/// Which modules may or may not have carried the order out.
fn uncertainty(unsure: &[Silent]) -> Markup {
    html! {
        @for silent in unsure {
            (alert(
                Tone::Danger,
                &format!("{} does not answer", silent.module),
                html! { "Whether its dead letters get another life is not known. " (silent.detail) },
            ))
        }
    }
}

fn plan(view: &View, survey: &Survey<u64>, count: u64) -> Markup {
    let some: Vec<_> = survey.heard.iter().filter(|(_, count)| *count > 0).collect();
    let each: Vec<_> = some.iter().map(|(module, count)| (module.as_str(), html! { (count) })).collect();
    html! {
        div.stack {
            @if count == 0 {
                p { "No dead letter is like that." }
            } @else {
                p { "Each of these gets another life, with its attempts counted anew, unless its unique key is taken by now:" }
                (details(&each))
                form.form method="post" action="/platform/tasks/redrive" {
                    @for (name, value) in view.pairs() { (Field::hidden(name, value)) }
                    div.buttons {
                        (Button::submit(if count == 1 { "Redrive it".to_owned() } else { format!("Redrive all {count}") }))
                        (Button::link(if count == 1 { "Leave it" } else { "Leave them" }, view.address()).quiet())
                    }
                }
            }
        }
    }
}
