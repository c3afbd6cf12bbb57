//! The form that defines a flag.

use super::{LIST, NEW, address, definition_field, placed, typed, written};
use crate::Admin;
use crate::adapters::pages::page;
use crate::usecases::{DefineFlag, ReadFlag};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Caller, Fault, FaultCode};
use maud::html;
use runtime::http::{Admitted, Query, Refusal, keyed, status_of};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Button, Crumb, Field, Icon, Width, form_errors};

/// What stands in the form at first: a tenth of everybody, and how to say so.
const EXAMPLE: &str = r#"{
  "kind": "boolean",
  "description": "",
  "variants": { "on": true, "off": false },
  "default": "off",
  "off": "off",
  "rules": [
    {
      "name": "A tenth of everybody",
      "split": { "shares": [{ "variant": "on", "percent": 10 }] }
    }
  ]
}"#;

#[derive(Debug, Deserialize)]
pub(super) struct NewForm {
    #[serde(default)]
    key: String,
    #[serde(default)]
    definition: String,
    /// Ticked or absent.
    enabled: Option<String>,
    #[serde(default)]
    idempotency_key: String,
}

/// Which flag to begin with.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Beginning {
    /// The key of one that was put away, to be brought back.
    again: Option<String>,
}

pub(super) async fn form(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<DefineFlag>,
    Query(beginning): Query<Beginning>,
) -> Result<Html<String>, Refusal> {
    let (key, definition) = match beginning.again {
        Some(key) => {
            let flag = admin.execute(&caller, ReadFlag { key }).await?;
            (flag.key, written(&flag.definition))
        }
        None => (String::new(), EXAMPLE.to_owned()),
    };
    let (enabled, idempotency_key) = (Some("yes".to_owned()), admin.ids.next().to_string());
    Ok(Html(render(&caller, &NewForm { key, definition, enabled, idempotency_key }, None)))
}

pub(super) async fn define(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<DefineFlag>,
    Form(form): Form<NewForm>,
) -> Result<Response, Refusal> {
    match execute(&admin, &keyed(caller.clone(), &form.idempotency_key), &form).await {
        Ok(to) => Ok(Redirect::to(&to).into_response()),
        Err(fault) if matches!(fault.code, FaultCode::Invalid | FaultCode::Conflict) => {
            // What was refused is another flag when it is sent again.
            let form = NewForm { idempotency_key: admin.ids.next().to_string(), ..form };
            let page = Html(render(&caller, &form, Some(&fault)));
            Ok((status_of(&fault), page).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn execute(admin: &Admin, caller: &Caller, form: &NewForm) -> Result<String, Fault> {
    let definition = typed("definition", &form.definition)?;
    let key = form.key.trim().to_owned();
    let written = admin.execute(caller, DefineFlag { key, enabled: form.enabled.is_some(), definition }).await?;
    Ok(format!("{}?done=defined", address(&written.key, "")))
}

fn render(caller: &Caller, form: &NewForm, fault: Option<&Fault>) -> String {
    let faults = &placed(fault.map_or(&[], |fault| &fault.fields));
    let detail = fault.map(|fault| if faults.is_empty() { fault.detail.as_str() } else { "The flag was not defined." });
    let enabled = if form.enabled.is_some() { "yes" } else { "" };
    let body = html! {
        @if let Some(detail) = detail { (form_errors(detail, faults, &[("key", "Key"), ("definition", "JSON")])) }
        form.form method="post" action=(NEW) {
            (Field::hidden("idempotency_key", &form.idempotency_key))
            (Field::text("key", "Key").required().value(&form.key).faults(faults).placeholder("new-editor")
                .hint("What programs call it: a to z, 0 to 9, dots, hyphens and underscores. It never changes."))
            (definition_field(&form.definition, faults))
            (Field::checkbox("enabled", "Switched on from the start").value(enabled)
                .hint("Otherwise everybody gets the variant that is named as off, until it is switched on."))
            div.buttons { (Button::submit("Define").icon(Icon::Check)) (Button::link("Cancel", LIST).quiet()) }
        }
    };
    page("Define a flag", caller).width(Width::Text).crumbs(vec![Crumb::new("Flags", LIST)]).render(body)
}
