//! Things a page says on its own account: alerts, toasts, the words in an empty place.
//!
//! What may not enter: a message that vanishes before it was read. Nothing here goes away by itself.

use crate::icon::{Icon, icon};
use maud::{Markup, Render, html};

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// For your information.
    Info,
    /// It worked.
    Success,
    /// Take care.
    Warning,
    /// It failed, or something is in danger.
    Danger,
}

impl Tone {
    const fn alert_class(self) -> &'static str {
        match self {
            Self::Info => "alert alert--info",
            Self::Success => "alert alert--success",
            Self::Warning => "alert alert--warning",
            Self::Danger => "alert alert--danger",
        }
    }

    pub(crate) const fn badge_class(self) -> &'static str {
        match self {
            Self::Info => "badge badge--info",
            Self::Success => "badge badge--success",
            Self::Warning => "badge badge--warning",
            Self::Danger => "badge badge--danger",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Info => Icon::Info,
            Self::Success => Icon::Check,
            Self::Warning | Self::Danger => Icon::Warning,
        }
    }

    /// Trouble interrupts a screen reader, everything else waits.
    const fn role(self) -> &'static str {
        match self {
            Self::Info | Self::Success => "status",
            Self::Warning | Self::Danger => "alert",
        }
    }
}

/// What the last action came to, shown once at the top of the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// How it is meant.
    pub tone: Tone,
    /// The words.
    pub text: String,
}

impl Flash {
    /// A message in that tone.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// A message that belongs to its place in the page.
pub fn alert(tone: Tone, title: &str, text: Markup) -> Markup {
    html! {
        div class=(tone.alert_class()) {
            (icon(tone.icon()))
            div { p.alert__title { (title) } div.alert__text { (text) } }
        }
    }
}

/// A message that can be put away. In the page's flow, so that it covers nothing where it cannot be put away.
pub fn toast(flash: &Flash) -> Markup {
    message(flash, Some(flash.tone.role()))
}

/// A toast to be put into a place that is read out as a whole, and therefore has no role of its own.
pub(crate) fn unannounced_toast(flash: &Flash) -> Markup {
    message(flash, None)
}

fn message(flash: &Flash, role: Option<&str>) -> Markup {
    html! {
        div class={ (flash.tone.alert_class()) " toast" } role=[role] data-toast {
            (icon(flash.tone.icon()))
            p.alert__text { (flash.text) }
            button.toast__close type="button" title="Dismiss" data-dismiss hidden {
                (icon(Icon::Cross)) span.visually-hidden { "Dismiss" }
            }
        }
    }
}

/// What stands where there is nothing yet.
#[derive(Debug, Clone)]
pub struct EmptyState {
    icon: Icon,
    title: String,
    text: String,
    action: Option<Markup>,
}

impl EmptyState {
    /// A picture, what is missing, and why or what to do about it.
    pub fn new(icon: Icon, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { icon, title: title.into(), text: text.into(), action: None }
    }

    /// The way out, usually a button.
    #[must_use]
    pub fn action(mut self, action: impl Render) -> Self {
        self.action = Some(action.render());
        self
    }
}

impl Render for EmptyState {
    fn render(&self) -> Markup {
        html! {
            div.empty {
                span.empty__icon { (icon(self.icon)) }
                h2 { (self.title) }
                p { (self.text) }
                @if let Some(action) = &self.action { div.empty__action { (action) } }
            }
        }
    }
}
