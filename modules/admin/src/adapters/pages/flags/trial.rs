//! What a flag would come to for somebody, and what became of each of its rules.

use super::{address, flag_page, flag_views, typed};
use crate::Admin;
use crate::domain::Context;
use crate::store::FlagView;
use crate::usecases::{ReadFlag, Trial, TryFlag};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use kernel::{Caller, Fault, FaultCode, FieldFault};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Column, Field, Icon, Table, Tone, alert, badge, card, form_errors};

/// What stands in the form at first.
const EXAMPLE: &str = "{\n  \"targetingKey\": \"user-7\"\n}";

/// A context as typed. It is a GET: trying changes nothing, and what came of it can be shared by its address.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct TrialForm {
    context: Option<String>,
}

pub(super) async fn trial(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<TryFlag>,
    Path(key): Path<String>,
    Query(form): Query<TrialForm>,
) -> Result<Response, Refusal> {
    let flag = admin.execute(&caller, ReadFlag { key }).await?;
    let Some(text) = &form.context else {
        return Ok(Html(render(&caller, &flag, EXAMPLE, html! {}, &[])).into_response());
    };
    match attempt(&admin, &caller, &flag.key, text).await {
        Ok(trial) => Ok(Html(render(&caller, &flag, text, answer(&trial), &[])).into_response()),
        Err(fault) if fault.code == FaultCode::Invalid => {
            let wrong = form_errors("The flag cannot be tried like this.", &fault.fields, &[("context", "Context")]);
            let page = Html(render(&caller, &flag, text, wrong, &fault.fields));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn attempt(admin: &Admin, caller: &Caller, key: &str, text: &str) -> Result<Trial, Fault> {
    let context = Context::parse(typed("context", text)?)?;
    admin.execute(caller, TryFlag { key: key.to_owned(), context }).await
}

fn render(caller: &Caller, flag: &FlagView, context: &str, result: Markup, faults: &[FieldFault]) -> String {
    let form = html! {
        form.form method="get" action=(address(&flag.key, "try")) {
            (Field::textarea("context", "Context", 6).code().required().value(context).faults(faults)
                .hint("A JSON object; targetingKey is whoever it is evaluated for."))
            div.buttons { (Button::submit("Try it").icon(Icon::Eye)) }
        }
    };
    let body = html! {
        (flag_views(&flag.key, "try"))
        (result)
        (card("Who asks", form))
    };
    flag_page(&format!("Try {}", flag.key), caller, flag).render(body)
}

fn answer(trial: &Trial) -> Markup {
    let decided = match &trial.evaluation.told {
        Ok(told) => {
            let rule = told.rule.map(|rule| format!(" Rule {} decides.", rule + 1)).unwrap_or_default();
            let text = html! { code { (told.value) } " because of " code { (told.reason.name()) } "." (rule) };
            alert(Tone::Success, &format!("They get the variant {}", told.variant), text)
        }
        Err(error) => alert(Tone::Danger, "Nobody can tell", html! { (error.words()) " " code { (error.code()) } }),
    };
    html! {
        (decided)
        @if !trial.rules.is_empty() { (rules(trial)) }
    }
}

fn rules(trial: &Trial) -> Markup {
    let decided = trial.evaluation.told.as_ref().ok().and_then(|told| told.rule);
    let columns = vec![Column::text("Rule"), Column::text("What becomes of it"), Column::text("Decides")];
    let mut table = Table::new("What becomes of each rule", columns);
    for (at, rule) in trial.rules.iter().enumerate() {
        let name = html! { (at + 1) @if !rule.name.is_empty() { ". " (rule.name) } };
        let decides = match (decided == Some(at), rule.applies) {
            (true, _) => badge(Some(Tone::Success), "yes"),
            (_, true) => html! { "no" },
            _ => html! { "–" },
        };
        table = table.row(vec![name, html! { (rule.words) }, decides]);
    }
    table.render()
}
