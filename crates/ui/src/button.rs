//! Things to press: buttons, links that look like buttons, and forms that are nothing but a button.
//!
//! What may not enter: a link that changes something. What changes something is a POST.

use crate::icon::{Icon, icon};
use maud::{Markup, Render, html};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Primary,
    Secondary,
    Quiet,
    Danger,
}

#[derive(Debug, Clone)]
enum Does {
    Submit,
    Go(String),
}

/// Something to press. Renders as a `button` or, when it leads somewhere, as a link.
#[derive(Debug, Clone)]
pub struct Button {
    label: String,
    does: Does,
    look: Look,
    icon: Option<Icon>,
    sends: Option<(String, String)>,
    small: bool,
    wide: bool,
    label_hidden: bool,
    about: Option<String>,
}

impl Button {
    /// Submits the form it stands in.
    pub fn submit(label: impl Into<String>) -> Self {
        Self::new(label.into(), Does::Submit, Look::Primary)
    }

    /// Leads to `href`.
    pub fn link(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self::new(label.into(), Does::Go(href.into()), Look::Secondary)
    }

    fn new(label: String, does: Does, look: Look) -> Self {
        Self { label, does, look, icon: None, sends: None, small: false, wide: false, label_hidden: false, about: None }
    }

    /// The one thing most people come to a page for.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.look = Look::Primary;
        self
    }

    /// One of several things to do.
    #[must_use]
    pub fn secondary(mut self) -> Self {
        self.look = Look::Secondary;
        self
    }

    /// Stays in the background until needed.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.look = Look::Quiet;
        self
    }

    /// Takes something away.
    #[must_use]
    pub fn danger(mut self) -> Self {
        self.look = Look::Danger;
        self
    }

    /// With a picture before the label.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// The pair a submit button adds to the form, so that the server knows which one was pressed.
    #[must_use]
    pub fn sends(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.sends = Some((name.into(), value.into()));
        self
    }

    /// For toolbars and cards.
    #[must_use]
    pub fn small(mut self) -> Self {
        self.small = true;
        self
    }

    /// As wide as what it stands in.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// Shows the picture only; the label is still read out.
    #[must_use]
    pub fn label_hidden(mut self) -> Self {
        self.label_hidden = true;
        self
    }

    /// What is read out in the place of the label, where several buttons of a page are labelled alike. It begins with the
    /// label (WCAG 2.2, 2.5.3).
    #[must_use]
    pub fn about(mut self, words: impl Into<String>) -> Self {
        self.about = Some(words.into());
        self
    }

    fn class(&self) -> String {
        let look = match self.look {
            Look::Primary => "button button--primary",
            Look::Secondary => "button button--secondary",
            Look::Quiet => "button button--quiet",
            Look::Danger => "button button--danger",
        };
        let flags =
            [(self.small, " button--small"), (self.wide, " button--wide"), (self.label_hidden, " button--icon")];
        flags.iter().filter(|(set, _)| *set).fold(look.to_owned(), |class, (_, flag)| class + flag)
    }
}

impl Render for Button {
    fn render(&self) -> Markup {
        let inside = html! {
            @if let Some(picture) = self.icon { (icon(picture)) }
            span.visually-hidden[self.label_hidden] { (self.label) }
        };
        let title = self.label_hidden.then_some(&self.label);
        let (name, value) = self.sends.as_ref().map(|(name, value)| (name, value)).unzip();
        match &self.does {
            Does::Submit => html! {
                button type="submit" class=(self.class()) name=[name] value=[value] title=[title]
                    aria-label=[&self.about] { (inside) }
            },
            Does::Go(href) => {
                html! { a href=(href) class=(self.class()) title=[title] aria-label=[&self.about] { (inside) } }
            }
        }
    }
}

/// A form that is nothing but a button: lock, unlock, log out.
#[derive(Debug, Clone)]
pub struct Action {
    action: String,
    button: Button,
    hidden: Vec<(String, String)>,
}

impl Action {
    /// POSTs to `action` when `button` is pressed.
    pub fn post(action: impl Into<String>, button: Button) -> Self {
        Self { action: action.into(), button, hidden: Vec::new() }
    }

    /// One more pair that is sent along.
    #[must_use]
    pub fn hidden(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.hidden.push((name.into(), value.into()));
        self
    }
}

impl Render for Action {
    fn render(&self) -> Markup {
        html! {
            form.action method="post" action=(self.action) {
                @for (name, value) in &self.hidden { input type="hidden" name=(name) value=(value); }
                (self.button)
            }
        }
    }
}
