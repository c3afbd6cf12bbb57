//! What redriving everything that was found would do, before it is done.

use super::tasks::View;
use super::{failed, is_shown, keyed, once, page, refused, silence, views};
use crate::Platform;
use crate::desks::Survey;
use crate::usecases::{CountTasks, RedriveAll};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Caller, Fault, TaskState};
use maud::{Markup, html};
use runtime::http::{Admitted, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Crumb, Field, Flash, Width, card, details};

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<RedriveAll>,
    Query(view): Query<View>,
) -> Result<Html<String>, Refusal> {
    Ok(Html(render(&platform, &caller, &view, None).await?))
}

/// The filter, and the key that makes a form sent twice act once.
#[derive(Debug, Deserialize)]
pub(super) struct RedriveForm {
    #[serde(flatten)]
    view: View,
    idempotency_key: Option<String>,
}

pub(super) async fn redrive(
    State(platform): State<Arc<Platform>>,
    Admitted { caller, .. }: Admitted<RedriveAll>,
    Form(RedriveForm { view, idempotency_key }): Form<RedriveForm>,
) -> Result<Response, Refusal> {
    let caller = keyed(caller, idempotency_key.as_deref());
    match platform.execute(&caller, RedriveAll { module: view.module(), filter: view.filter() }).await {
        Ok(survey) => {
            let touched: u64 = survey.heard.iter().map(|(_, count)| count).sum();
            let left = View { state: String::new(), cursor: None, ..view };
            let address = left.address();
            let joint = if address.contains('?') { '&' } else { '?' };
            Ok(Redirect::to(&format!("{address}{joint}done=redrive-all&touched={touched}")).into_response())
        }
        Err(fault) if is_shown(&fault) => Ok(refused(&fault, render(&platform, &caller, &view, failed(&fault)).await?)),
        Err(fault) => Err(fault.into()),
    }
}

async fn render(platform: &Platform, caller: &Caller, view: &View, flash: Option<Flash>) -> Result<String, Fault> {
    let view = View { state: TaskState::Dead.name().to_owned(), ..view.clone() };
    let survey = platform.execute(caller, CountTasks { module: view.module(), filter: view.filter() }).await?;
    let count: u64 = survey.heard.iter().map(|(_, count)| count).sum();
    let body = html! {
        (views("/platform/tasks/search"))
        (silence(&survey.silent))
        (card("What would happen", plan(platform, &view, &survey, count)))
    };
    let title = match count {
        0 => "Nothing to redrive".to_owned(),
        1 => "Redrive 1 dead letter?".to_owned(),
        count => format!("Redrive {count} dead letters?"),
    };
    let page = page(title, caller).width(Width::Text).crumbs(vec![Crumb::new("Tasks", view.address())]);
    Ok(page.flash(flash).render(body))
}

fn plan(platform: &Platform, view: &View, survey: &Survey<u64>, count: u64) -> Markup {
    let some: Vec<_> = survey.heard.iter().filter(|(_, count)| *count > 0).collect();
    let each: Vec<_> = some.iter().map(|(module, count)| (module.as_str(), html! { (count) })).collect();
    html! {
        div.stack {
            @if count == 0 {
                p { "No dead letter is like that." }
            } @else {
                p { "Each of these gets another life, with its attempts counted anew:" }
                (details(&each))
                form.form method="post" action="/platform/tasks/redrive" {
                    (once(platform))
                    @for (name, value) in view.pairs() { (Field::hidden(name, value)) }
                    div.buttons {
                        (Button::submit(if count == 1 { "Redrive it".to_owned() } else { format!("Redrive all {count}") }))
                        (Button::link("Leave them", view.address()).quiet())
                    }
                }
            }
        }
    }
}
