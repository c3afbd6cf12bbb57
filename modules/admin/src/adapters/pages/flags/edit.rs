//! The forms of a flag's page: each leads back to it, or shows it again with why not.

use super::show::{Shown, render};
use super::{address, typed};
use crate::Admin;
use crate::usecases::{ArchiveFlag, ChangeFlag, ReadFlag, RollOutFlag, SwitchFlag};
use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Caller, Fault, FaultCode};
use runtime::http::{Admitted, Path, Refusal, status_of};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Flash, Tone};

#[derive(Debug, Deserialize)]
pub(super) struct ChangeForm {
    #[serde(default)]
    definition: String,
    version: i64,
}

pub(super) async fn change(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ChangeFlag>,
    Path(key): Path<String>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Refusal> {
    let outcome = match typed("definition", &form.definition) {
        Ok(definition) => {
            let usecase = ChangeFlag { key: key.clone(), definition, expected_version: Some(form.version) };
            admin.execute(&caller, usecase).await
        }
        Err(fault) => Err(fault),
    };
    let Err(fault) = outcome else { return Ok(back(&key, "changed")) };
    let detail = match fault.code {
        FaultCode::Invalid => "The definition was not saved.",
        FaultCode::Stale => {
            "Somebody changed this flag while you did. Your definition is below; saving it again replaces theirs."
        }
        FaultCode::Conflict => &fault.detail,
        _ => return Err(fault.into()),
    };
    // Whoever was told of nobody else's change saves against the version they looked at.
    let version = (fault.code != FaultCode::Stale).then_some(form.version);
    let shown = Shown { typed: Some(&form.definition), version, detail, faults: &fault.fields, flash: None };
    again(&admin, &caller, key, &fault, &shown).await
}

#[derive(Debug, Deserialize)]
pub(super) struct SwitchForm {
    to: String,
}

pub(super) async fn switch(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<SwitchFlag>,
    Path(key): Path<String>,
    Form(form): Form<SwitchForm>,
) -> Result<Response, Refusal> {
    let enabled = form.to == "on";
    // Whoever needs the switch has no time to look at who was there in between.
    let usecase = SwitchFlag { key: key.clone(), enabled, expected_version: None };
    let outcome = admin.execute(&caller, usecase).await.map(drop);
    answered(&admin, &caller, key, outcome, if enabled { "on" } else { "off" }).await
}

#[derive(Debug, Deserialize)]
pub(super) struct RolloutForm {
    version: i64,
    rule: usize,
    share: usize,
    percent: String,
}

pub(super) async fn roll_out(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<RollOutFlag>,
    Path(key): Path<String>,
    Form(form): Form<RolloutForm>,
) -> Result<Response, Refusal> {
    let RolloutForm { version, rule, share, percent } = form;
    let outcome = match percent.trim().trim_end_matches('%').trim_end().parse() {
        Ok(percent) => {
            let usecase = RollOutFlag { key: key.clone(), rule, share, percent, expected_version: Some(version) };
            admin.execute(&caller, usecase).await.map(drop)
        }
        Err(_) => Err(Fault::invalid("percent", "must be a number")),
    };
    answered(&admin, &caller, key, outcome, "rolled-out").await
}

#[derive(Debug, Deserialize)]
pub(super) struct ArchiveForm {
    version: i64,
}

pub(super) async fn archive(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ArchiveFlag>,
    Path(key): Path<String>,
    Form(form): Form<ArchiveForm>,
) -> Result<Response, Refusal> {
    let usecase = ArchiveFlag { key: key.clone(), expected_version: Some(form.version) };
    let outcome = admin.execute(&caller, usecase).await.map(drop);
    answered(&admin, &caller, key, outcome, "archived").await
}

/// Back to the flag, or the flag with why not at the top.
async fn answered(
    admin: &Admin,
    caller: &Caller,
    key: String,
    outcome: Result<(), Fault>,
    done: &str,
) -> Result<Response, Refusal> {
    let Err(fault) = outcome else { return Ok(back(&key, done)) };
    let words = match fault.code {
        FaultCode::Stale => "Somebody else changed this flag in between. Look again, then decide.".to_owned(),
        FaultCode::Invalid | FaultCode::Conflict => fault.detail.clone(),
        _ => return Err(fault.into()),
    };
    let shown = Shown { flash: Some(Flash::new(Tone::Danger, words)), ..Shown::default() };
    again(admin, caller, key, &fault, &shown).await
}

fn back(key: &str, done: &str) -> Response {
    Redirect::to(&format!("{}?done={done}", address(key, ""))).into_response()
}

async fn again(
    admin: &Admin,
    caller: &Caller,
    key: String,
    fault: &Fault,
    shown: &Shown<'_>,
) -> Result<Response, Refusal> {
    let flag = admin.execute(caller, ReadFlag { key }).await?;
    Ok((status_of(fault), Html(render(admin, caller, &flag, shown))).into_response())
}
