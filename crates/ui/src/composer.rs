//! Where people write: a form that works as it is, and that `composer.js` gives tabs, a toolbar and a live preview.
//!
//! What may not enter: rendering of Markdown. The server that takes the post also makes the preview.

use crate::field::{field_id, first_line_kept};
use crate::icon::{Icon, icon};
use kernel::FieldFault;
use maud::{Markup, Render, html};

/// The `maxlength` a composer sets unless told otherwise, in UTF-16 code units as browsers count.
pub const BODY_MAX_CHARS: u32 = 50_000;

/// A form for one text in Markdown.
///
/// Without JavaScript it has two submit buttons: `intent=preview` asks the server for the same page with
/// [`preview`](Self::preview) set, `intent=post` posts. With JavaScript the preview comes from
/// [`preview_url`](Self::preview_url), which gets the text as the form field this composer is named after, and answers
/// with sanitised HTML.
#[derive(Debug, Clone)]
pub struct Composer {
    action: String,
    name: String,
    label: String,
    submit_label: String,
    value: String,
    preview_url: Option<String>,
    preview: Option<Markup>,
    before: Option<Markup>,
    hidden: Vec<(String, String)>,
    error: Option<String>,
    cancel_href: Option<String>,
    rows: u8,
    max_chars: u32,
}

impl Composer {
    /// A form that POSTs to `action`, with the text as `body`.
    pub fn new(action: impl Into<String>, label: impl Into<String>, submit_label: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            name: "body".to_owned(),
            label: label.into(),
            submit_label: submit_label.into(),
            value: String::new(),
            preview_url: None,
            preview: None,
            before: None,
            hidden: Vec::new(),
            error: None,
            cancel_href: None,
            rows: 8,
            max_chars: BODY_MAX_CHARS,
        }
    }

    /// Under which name the text is sent.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What stands in it already.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// Where live previews come from.
    #[must_use]
    pub fn preview_url(mut self, url: impl Into<String>) -> Self {
        self.preview_url = Some(url.into());
        self
    }

    /// The preview that was asked for: sanitised markup.
    #[must_use]
    pub fn preview(mut self, sanitised: Markup) -> Self {
        self.preview = Some(sanitised);
        self
    }

    /// Fields that come before the text, such as a title.
    #[must_use]
    pub fn before(mut self, fields: Markup) -> Self {
        self.before = Some(fields);
        self
    }

    /// One more pair that is sent along unseen.
    #[must_use]
    pub fn hidden(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.hidden.push((name.into(), value.into()));
        self
    }

    /// Picks what is wrong with the text out of what is wrong with the form.
    #[must_use]
    pub fn faults(mut self, faults: &[FieldFault]) -> Self {
        self.error = faults.iter().find(|fault| fault.field == self.name).map(|fault| fault.detail.clone());
        self
    }

    /// A way back that posts nothing.
    #[must_use]
    pub fn cancel(mut self, href: impl Into<String>) -> Self {
        self.cancel_href = Some(href.into());
        self
    }

    /// How many lines are visible at first.
    #[must_use]
    pub fn rows(mut self, rows: u8) -> Self {
        self.rows = rows;
        self
    }

    /// The most the text may have, in UTF-16 code units as browsers count.
    #[must_use]
    pub fn max_chars(mut self, most: u32) -> Self {
        self.max_chars = most;
        self
    }

    fn render_bar(&self, id: &str) -> Markup {
        html! {
            div.composer__bar data-composer-bar hidden {
                @if self.preview_url.is_some() {
                    div.composer__tabs role="tablist" aria-label="View" {
                        button type="button" role="tab" aria-selected="true" aria-controls={ (id) "-write" }
                            data-pane="write" { "Write" }
                        button type="button" role="tab" aria-selected="false" aria-controls={ (id) "-preview" }
                            data-pane="preview" tabindex="-1" { "Preview" }
                    }
                }
                div.composer__tools role="group" aria-label="Formatting" {
                    @for (format, picture, label) in FORMATS {
                        button type="button" title=(label) data-format=(format) {
                            (icon(picture)) span.visually-hidden { (label) }
                        }
                    }
                }
            }
        }
    }

    fn render_panes(&self, id: &str) -> Markup {
        let error_id = self.error.is_some().then(|| format!("{id}-error"));
        html! {
            div.composer__panes data-showing="write" {
                div.composer__write id={ (id) "-write" } {
                    textarea.control id=(id) name=(self.name) rows=(self.rows) maxlength=(self.max_chars) required
                        aria-describedby=[&error_id] aria-invalid=[self.error.as_ref().map(|_| "true")] {
                        (first_line_kept(&self.value))
                    }
                }
                div.composer__preview id={ (id) "-preview" } data-preview {
                    @if let Some(preview) = &self.preview { p.composer__caption { "Preview" } div.prose { (preview) } }
                }
            }
        }
    }

    fn render_foot(&self) -> Markup {
        html! {
            div.composer__foot {
                p.composer__hint {
                    "Markdown works here."
                    span data-composer-keys hidden { " " kbd { "Ctrl" } " + " kbd { "Enter" } " sends." }
                    span role="status" data-composer-note {}
                }
                @if let Some(href) = &self.cancel_href { a.button.button--quiet href=(href) { "Cancel" } }
                button.button.button--secondary type="submit" name="intent" value="preview" data-composer-preview
                    formnovalidate { "Preview" }
                button.button.button--primary type="submit" name="intent" value="post" data-composer-post {
                    (self.submit_label)
                }
            }
        }
    }
}

impl Render for Composer {
    fn render(&self) -> Markup {
        let id = field_id(&self.name);
        html! {
            form.composer method="post" action=(self.action) data-composer data-preview-url=[&self.preview_url] {
                @for (name, value) in &self.hidden { input type="hidden" name=(name) value=(value); }
                @if let Some(before) = &self.before { (before) }
                div.field {
                    label for=(id) { (self.label) }
                    div.composer__box { (self.render_bar(&id)) (self.render_panes(&id)) }
                    @if let Some(error) = &self.error {
                        p.field__error id={ (id) "-error" } { (icon(Icon::Warning)) span { (error) } }
                    }
                }
                (self.render_foot())
            }
        }
    }
}

const FORMATS: [(&str, Icon, &str); 6] = [
    ("bold", Icon::Bold, "Bold"),
    ("italic", Icon::Italic, "Italic"),
    ("quote", Icon::Quote, "Quote"),
    ("code", Icon::Code, "Code"),
    ("link", Icon::Link, "Link"),
    ("list", Icon::List, "List"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composer_is_a_plain_form_with_two_ways_to_submit() {
        let composer = Composer::new("/t/1/replies", "Your reply", "Post reply").render().into_string();
        assert!(composer.contains(r#"<form class="composer" method="post" action="/t/1/replies""#), "{composer}");
        for intent in ["preview", "post"] {
            assert!(composer.contains(&format!(r#"type="submit" name="intent" value="{intent}""#)), "{composer}");
        }
    }

    #[test]
    fn text_cannot_break_out_of_the_textarea() {
        let composer = Composer::new("/", "Text", "Post").value("</textarea><script>").render().into_string();
        assert!(composer.contains("&lt;/textarea&gt;&lt;script&gt;</textarea>"), "{composer}");
    }
}
