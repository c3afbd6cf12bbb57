//! A flag as it was: every version, who made it, and what it changed.

use super::{flag_page, flag_views, who};
use crate::Admin;
use crate::domain::Difference;
use crate::store::FlagVersion;
use crate::usecases::{FlagHistory, ReadFlagHistory};
use axum::extract::State;
use axum::response::Html;
use kernel::Time;
use maud::{Markup, html};
use runtime::http::{Admitted, Path, Refusal};
use serde_json::Value;
use std::sync::Arc;
use ui::{Moment, Tone, ago, timeline};

pub(super) async fn history(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<ReadFlagHistory>,
    Path(key): Path<String>,
) -> Result<Html<String>, Refusal> {
    let FlagHistory { flag, versions } = admin.execute(&caller, ReadFlagHistory { key }).await?;
    let now = admin.clock.now();
    let moments: Vec<Moment> = versions.iter().rev().map(|version| moment(version, now)).collect();
    let body = html! { (flag_views(&flag.key, "history")) (timeline(&moments)) };
    Ok(Html(flag_page(&format!("History of {}", flag.key), &caller, &flag).render(body)))
}

fn moment(version: &FlagVersion, now: Time) -> Moment {
    let enabled = version.state["enabled"].as_bool().unwrap_or_default();
    let (words, tone) = match (version.operation.as_str(), enabled) {
        ("admin.switch_flag", true) => ("switched on", Some(Tone::Success)),
        ("admin.switch_flag", false) => ("switched off", Some(Tone::Danger)),
        ("admin.archive_flag", _) => ("put away", Some(Tone::Warning)),
        ("admin.define_flag", _) => ("defined", Some(Tone::Info)),
        ("admin.roll_out_flag", _) => ("rolled out", None),
        _ => ("changed", None),
    };
    let title = html! { "Version " (version.version) ", " (words) };
    let when = html! { (ago(version.at, now)) " by " (who(&version.by, version.by_name.as_deref())) };
    Moment::new(title, when).tone(tone).body(changes(&version.changes))
}

fn changes(changes: &[Difference]) -> Markup {
    html! {
        @if !changes.is_empty() {
            dl.details {
                @for change in changes {
                    div {
                        dt { code { (change.path) } }
                        dd { (side(change.before.as_ref())) " → " (side(change.after.as_ref())) }
                    }
                }
            }
        }
    }
}

fn side(value: Option<&Value>) -> Markup {
    html! { @match value { Some(value) => code { (value) }, None => span.muted { "nothing" } } }
}
