//! The form that asks the policies, and what they say.

use super::{page, views};
use crate::Admin;
use crate::domain::Fact;
use crate::usecases::{DecisionView, ExplainDecision};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use kernel::{Caller, Explanation, Fault, FaultCode, FieldFault};
use maud::{Markup, html};
use runtime::http::{Admitted, Query, Refusal};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use ui::{Button, Field, Icon, Tone, alert, card, details, form_errors, refusal};

const LABELS: [(&str, &str); 5] = [
    ("who", "Who"),
    ("operation", "Operation"),
    ("kind", "Kind of thing"),
    ("id", "Its id"),
    ("attributes", "Its attributes"),
];

/// A question as typed. It is a GET: asking changes nothing, and an answer can be shared by its address.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct DecisionForm {
    #[serde(default)]
    who: String,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    attributes: String,
}

pub(super) async fn explain(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ExplainDecision>,
    Query(form): Query<DecisionForm>,
) -> Result<Response, Refusal> {
    if form.who.is_empty() && form.operation.is_empty() {
        return Ok(Html(render(&admin, &caller, &form, html! {}, &[])).into_response());
    }
    match ask(&admin, &caller, &form).await {
        Ok(decision) => Ok(Html(render(&admin, &caller, &form, answer(&decision), &[])).into_response()),
        Err(fault) if fault.code == FaultCode::Invalid => {
            let wrong = form_errors("The question cannot be put like this.", &fault.fields, &LABELS);
            let page = Html(render(&admin, &caller, &form, wrong, &fault.fields));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn ask(admin: &Admin, caller: &Caller, form: &DecisionForm) -> Result<DecisionView, Fault> {
    let question = ExplainDecision {
        who: form.who.clone(),
        operation: form.operation.clone(),
        kind: form.kind.clone(),
        id: form.id.clone(),
        attributes: attributes(&form.attributes)?,
    };
    admin.execute(caller, question).await
}

/// One `name = value` in each line.
fn attributes(text: &str) -> Result<BTreeMap<String, Fact>, Fault> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| match line.split_once('=') {
            Some((name, value)) => Ok((name.trim().to_owned(), Fact::typed(value.trim()))),
            None => Err(Fault::invalid("attributes", format!("`{line}` is not of the form name = value"))),
        })
        .collect()
}

fn render(admin: &Admin, caller: &Caller, form: &DecisionForm, result: Markup, faults: &[FieldFault]) -> String {
    let body = html! {
        (views(admin, caller, "/admin/decisions"))
        (result)
        (card("A question", question(form, faults)))
    };
    page("Decisions", caller).lede(html! { "Ask the policies who may do what, and why. Nothing is done." }).render(body)
}

fn question(form: &DecisionForm, faults: &[FieldFault]) -> Markup {
    html! {
        form.form method="get" action="/admin/decisions" {
            (Field::text("who", "Who").required().value(&form.who).faults(faults).placeholder("@ada")
                .hint("@handle, a user's id, guest, or service:name."))
            (Field::text("operation", "Operation").required().value(&form.operation).faults(faults)
                .placeholder("forum.lock_thread").hint("Module and verb, as the audit names them."))
            (Field::text("kind", "Kind of thing").required().value(&form.kind).faults(faults).placeholder("Thread")
                .hint("As the module's policies name it."))
            (Field::text("id", "Its id").value(&form.id).faults(faults))
            (Field::textarea("attributes", "Its attributes", 3).value(&form.attributes).faults(faults)
                .placeholder("locked = true")
                .hint("One name = value in each line; people as user:id. Policies look at these."))
            div.buttons { (Button::submit("Ask").icon(Icon::Shield)) }
        }
    }
}

fn answer(decision: &DecisionView) -> Markup {
    let why = &decision.explanation;
    if decision.allowed {
        return html! {
            (alert(Tone::Success, "Allowed", html! { "It may be done." }))
            (card("Why it is allowed", allowed(why)))
        };
    }
    html! {
        (alert(Tone::Danger, "Refused", html! { "It may not be done." }))
        (refusal(why))
    }
}

fn allowed(why: &Explanation) -> Markup {
    let policies = html! { ul.policies { @for id in &why.decided_by { li { code { (id) } } } } };
    let looked = html! {
        @if why.attributes.is_empty() { "Nothing but who asks" } @else {
            ul.policies { @for read in &why.attributes { li { code { (read.name) " = " (read.value) } } } }
        }
    };
    details(&[
        ("Operation", html! { code { (why.operation) } }),
        ("Asked by", html! { code { (why.principal) } }),
        ("In the role", html! { code { (why.role) } }),
        ("On", html! { code { (why.resource) } }),
        ("Allowed by", policies),
        ("Looked at", looked),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_line_by_line() {
        let read = attributes("locked = true\n\n title = a = b \n").unwrap();
        assert_eq!(read["locked"], Fact::Flag(true));
        assert_eq!(read["title"], Fact::Text("a = b".into()));
        assert_eq!(attributes("locked").unwrap_err().fields[0].field, "attributes");
    }
}
