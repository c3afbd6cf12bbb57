//! One flag, with what may be done to it.

use super::{NEW, address, definition_field, flag_page, flag_views, may, placed, who, written};
use crate::Admin;
use crate::domain::{Amount, Definition, ShareView};
use crate::operations::{ARCHIVE_FLAG, CHANGE_FLAG, DEFINE_FLAG, ROLL_OUT_FLAG, SWITCH_FLAG};
use crate::store::FlagView;
use crate::usecases::ReadFlag;
use axum::extract::State;
use axum::response::Html;
use kernel::{Caller, FieldFault};
use maud::{Markup, html};
use runtime::http::{Admitted, Path, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Action, Button, Field, Flash, Icon, Tone, ago, alert, card, form_errors, url_query};

/// What the form that led here came to.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Outcome {
    #[serde(default)]
    done: String,
}

/// What a page shows besides the flag.
#[derive(Default)]
pub(super) struct Shown<'a> {
    /// What the last form came to.
    pub(super) flash: Option<Flash>,
    /// The definition as it was typed, when it was not saved.
    pub(super) typed: Option<&'a str>,
    /// The version it was typed against, unless it is that of today.
    pub(super) version: Option<i64>,
    /// Why it was not.
    pub(super) detail: &'a str,
    /// What is wrong with it.
    pub(super) faults: &'a [FieldFault],
}

pub(super) async fn show(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ReadFlag>,
    Path(key): Path<String>,
    Query(outcome): Query<Outcome>,
) -> Result<Html<String>, Refusal> {
    let flag = admin.execute(&caller, ReadFlag { key }).await?;
    let words = match outcome.done.as_str() {
        "defined" => Some("The flag is defined."),
        "changed" => Some("The definition is changed."),
        "on" => Some("The flag is on: its rules speak."),
        "off" => Some("The flag is off: everybody gets the same."),
        "rolled-out" => Some("The percentage is changed."),
        "archived" => Some("The flag is put away."),
        _ => None,
    };
    let flash = words.map(|words| Flash::new(Tone::Success, words));
    Ok(Html(render(&admin, &caller, &flag, &Shown { flash, ..Shown::default() })))
}

pub(super) fn render(admin: &Admin, caller: &Caller, flag: &FlagView, shown: &Shown<'_>) -> String {
    let changed = html! {
        @if !flag.description().is_empty() { (flag.description()) " " }
        span.muted {
            "Last changed " (ago(flag.changed_at, admin.clock.now())) " by "
            (who(&flag.changed_by, flag.changed_by_name.as_deref())) "."
        }
    };
    let body = html! {
        (flag_views(&flag.key, ""))
        @if flag.archived { (put_away(admin, caller, flag)) } @else { (handles(admin, caller, flag)) }
        (definition(admin, caller, flag, shown))
        @if !flag.archived && may(admin, caller, &ARCHIVE_FLAG, flag) { (archive(flag)) }
    };
    flag_page(&flag.key, caller, flag).lede(changed).flash(shown.flash.clone()).render(body)
}

fn put_away(admin: &Admin, caller: &Caller, flag: &FlagView) -> Markup {
    let again = format!("{NEW}{}", url_query(&[("again", &flag.key)]));
    let text = html! {
        "Nobody can ask for it. Defining it again brings it back, with its history. "
        @if may(admin, caller, &DEFINE_FLAG, flag) { a href=(again) { "Define it again" } }
    };
    alert(Tone::Warning, "This flag was put away", text)
}

/// What is needed in a hurry.
fn handles(admin: &Admin, caller: &Caller, flag: &FlagView) -> Markup {
    let shares = Definition::parse(flag.definition.clone()).map(|definition| definition.shares()).unwrap_or_default();
    let may_roll_out = !shares.is_empty() && may(admin, caller, &ROLL_OUT_FLAG, flag);
    html! {
        div.columns {
            @if may(admin, caller, &SWITCH_FLAG, flag) { (card("Switch", switch(flag))) }
            @if may_roll_out { (card("Percentages", html! { div.stack { @for share in &shares { (percentage(flag, share)) } } })) }
        }
    }
}

fn switch(flag: &FlagView) -> Markup {
    let off = flag.definition["off"].as_str().unwrap_or_default();
    let (words, button, to) = match flag.enabled {
        true => ("The rules speak.", Button::submit("Switch off").danger(), "off"),
        false => ("The rules are silent.", Button::submit("Switch on"), "on"),
    };
    html! {
        div.stack {
            p { (words) " Off, everybody gets " code { (off) } "." }
            (Action::post(address(&flag.key, "switch"), button).hidden("to", to))
        }
    }
}

/// The form for one share. Each is told apart by where it stands.
fn percentage(flag: &FlagView, share: &ShareView) -> Markup {
    let mut rule = format!("rule {}", share.rule + 1);
    if !share.rule_name.is_empty() {
        rule.push_str(&format!(", {}", share.rule_name));
    }
    let (value, now) = match &share.amount {
        Amount::Fixed(percent) => (percent.json().to_string(), String::new()),
        Amount::Growing { from, to, ends, .. } => {
            let day = ends.format("%-d %b %Y");
            (String::new(), format!(" It grows from {} to {} until {day}.", from.json(), to.json()))
        }
    };
    let field = Field::text("percent", format!("Percent for {}", share.variant)).required().value(value);
    html! {
        form.form method="post" action=(address(&flag.key, "rollout")) {
            (Field::hidden("version", &flag.version.to_string()))
            (Field::hidden("rule", &share.rule.to_string()))
            (Field::hidden("share", &share.share.to_string()))
            (field.hint(format!("In {rule}.{now}")).scope(format!("{}-{}", share.rule, share.share)))
            div.buttons { (Button::submit("Save").secondary().small().about(format!("Save {}, {rule}", share.variant))) }
        }
    }
}

fn definition(admin: &Admin, caller: &Caller, flag: &FlagView, shown: &Shown<'_>) -> Markup {
    let text = written(&flag.definition);
    if flag.archived || !may(admin, caller, &CHANGE_FLAG, flag) {
        return card(
            "Definition",
            html! {
                @if let Some(typed) = shown.typed {
                    (form_errors("It was put away meanwhile. This is what you typed:", &[], &[]))
                    pre.payload { (typed) }
                }
                pre.payload { (text) }
            },
        );
    }
    let faults = &placed(shown.faults);
    card(
        "Definition",
        html! {
            @if !shown.detail.is_empty() { (form_errors(shown.detail, faults, &[("definition", "JSON")])) }
            form.form method="post" action=(address(&flag.key, "")) {
                (Field::hidden("version", &shown.version.unwrap_or(flag.version).to_string()))
                (definition_field(shown.typed.unwrap_or(&text), faults))
                div.buttons { (Button::submit("Save").icon(Icon::Check)) }
            }
        },
    )
}

fn archive(flag: &FlagView) -> Markup {
    let action = Action::post(address(&flag.key, "archive"), Button::submit("Put away").danger().icon(Icon::Trash));
    let text = html! {
        div.stack {
            p { "Programs that still ask for it are told that there is no such flag, and use their own default." }
            (action.hidden("version", flag.version.to_string()))
        }
    };
    card("Put away", text)
}
