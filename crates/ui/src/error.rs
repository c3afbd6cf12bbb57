//! What people see when it went wrong: the page, and the reasons of a decision that went against them.
//!
//! What may not enter: causes. The chain behind a fault is for the log.

use crate::button::Button;
use crate::icon::{Icon, icon};
use crate::page::{Page, Width};
use kernel::{AttributeRead, Explanation, Obstacle};
use maud::{Markup, html};

/// A page about a failure.
#[derive(Debug, Clone)]
pub struct ErrorPage {
    /// The HTTP status.
    pub status: u16,
    /// The failure in a few words.
    pub title: String,
    /// What happened and what can be done, in a sentence or two.
    pub detail: String,
    /// What to name when asking for help.
    pub request_id: String,
    /// Why a decision went against the reader, if they may know.
    pub explanation: Option<Explanation>,
}

impl ErrorPage {
    /// The page and its body. The caller adds the viewer and renders.
    pub fn into_parts(self) -> (Page, Markup) {
        let page = Page::new(self.title.as_str())
            .width(Width::Text)
            .noindex()
            .eyebrow(html! { span.error-code { (self.status) } })
            .lede(html! { (self.detail) });
        let body = html! {
            div.error-body {
                p { (Button::link("Back to the start", "/").primary().icon(Icon::House)) }
                @if let Some(explanation) = &self.explanation { (refusal(explanation)) }
                p.error-id { "If you ask for help, name this request: " code { (self.request_id) } }
            }
        };
        (page, body)
    }
}

/// Why a decision went against somebody: who asked for what, which policies decided, what would have been needed.
pub fn refusal(explanation: &Explanation) -> Markup {
    let facts = [
        ("Operation", &explanation.operation),
        ("Asked by", &explanation.principal),
        ("In the role", &explanation.role),
        ("On", &explanation.resource),
    ];
    html! {
        section.card.refusal {
            h2.card__title { (icon(Icon::Shield)) "Why this was refused" }
            dl.details {
                @for (name, what) in facts { div { dt { (name) } dd { code { (what) } } } }
                (policies("Refused by", &explanation.decided_by, "No policy allows it."))
                @if !explanation.obstacles.is_empty() { (obstacles(explanation)) }
                @if !explanation.attributes.is_empty() { (attributes(&explanation.attributes)) }
                @if !explanation.would_need.is_empty() { (policies("Would need", &explanation.would_need, "")) }
                @if !explanation.errors.is_empty() { (policies("Not evaluated", &explanation.errors, "")) }
            }
        }
    }
}

/// What would have made it pass, one way to each policy, the nearest first.
fn obstacles(explanation: &Explanation) -> Markup {
    let joined = |obstacle: &Obstacle| {
        let words: Vec<&str> = obstacle.remedies.iter().map(|remedy| remedy.words.as_str()).collect();
        words.join(if obstacle.forbids { ", or " } else { ", and " })
    };
    html! {
        div {
            dt { "Needs" }
            dd {
                ul.policies {
                    @for obstacle in &explanation.obstacles {
                        li {
                            @if obstacle.remedies.is_empty() { "Nothing helps against " } @else { (joined(obstacle)) " — " }
                            code { (obstacle.policy) }
                            @for condition in &obstacle.conditions { " " code { (condition) } }
                        }
                    }
                }
            }
        }
    }
}

/// What the policies looked at.
fn attributes(read: &[AttributeRead]) -> Markup {
    html! {
        div {
            dt { "Looked at" }
            dd { ul.policies { @for read in read { li { code { (read.name) " = " (read.value) } } } } }
        }
    }
}

fn policies(name: &str, ids: &[String], none: &str) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { @if ids.is_empty() { (none) } @else { ul.policies { @for id in ids { li { code { (id) } } } } } }
        }
    }
}
