//! Form fields: a label, a control, a hint, an error, tied together for eyes and for screen readers.
//!
//! What may not enter: validation. The browser's attributes are a courtesy; the use case decides.

use crate::icon::{Icon, icon};
use kernel::FieldFault;
use maud::{Markup, Render, html};

/// One option of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
}

impl Choice {
    /// An option that sends `value`.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

#[derive(Debug, Clone)]
enum Control {
    Input(&'static str),
    Number,
    Textarea(u8),
    Select(Vec<Choice>),
    Checkbox,
}

/// A labelled control. Its `name` is what faults call it, so that [`Field::faults`] finds its error by itself.
#[derive(Debug, Clone)]
pub struct Field {
    name: String,
    label: String,
    control: Control,
    value: String,
    hint: Option<String>,
    error: Option<String>,
    autocomplete: Option<&'static str>,
    placeholder: Option<String>,
    max_chars: Option<u32>,
    min_chars: Option<u32>,
    required: bool,
    autofocus: bool,
    code: bool,
    scope: Option<String>,
}

impl Field {
    /// One line of text.
    pub fn text(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(name.into(), label.into(), Control::Input("text"))
    }

    /// An e-mail address.
    pub fn email(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(name.into(), label.into(), Control::Input("email"))
    }

    /// A password. Its value is never sent back to the browser.
    pub fn password(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(name.into(), label.into(), Control::Input("password"))
    }

    /// Something to look for.
    pub fn search(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(name.into(), label.into(), Control::Input("search"))
    }

    /// A date.
    pub fn date(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(name.into(), label.into(), Control::Input("date"))
    }

    /// A whole number, not below zero.
    pub fn number(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(name.into(), label.into(), Control::Number)
    }

    /// Several lines of text, `rows` of them visible.
    pub fn textarea(name: impl Into<String>, label: impl Into<String>, rows: u8) -> Self {
        Self::new(name.into(), label.into(), Control::Textarea(rows))
    }

    /// One of several.
    pub fn select(name: impl Into<String>, label: impl Into<String>, choices: Vec<Choice>) -> Self {
        Self::new(name.into(), label.into(), Control::Select(choices))
    }

    /// Yes or no. Sends its [`value`](Self::value) when ticked, nothing otherwise.
    pub fn checkbox(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(name.into(), label.into(), Control::Checkbox)
    }

    /// A pair that is sent along unseen.
    pub fn hidden(name: &str, value: &str) -> Markup {
        html! { input type="hidden" name=(name) value=(value); }
    }

    fn new(name: String, label: String, control: Control) -> Self {
        Self {
            name,
            label,
            control,
            value: String::new(),
            hint: None,
            error: None,
            autocomplete: None,
            placeholder: None,
            max_chars: None,
            min_chars: None,
            required: false,
            autofocus: false,
            code: false,
            scope: None,
        }
    }

    /// What stands in it already, or which choice is taken. A checkbox is ticked when this is not empty.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// A sentence of help below the label.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong with it.
    #[must_use]
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// Picks what is wrong with this field out of what is wrong with the form.
    #[must_use]
    pub fn faults(mut self, faults: &[FieldFault]) -> Self {
        self.error = faults.iter().find(|fault| fault.field == self.name).map(|fault| fault.detail.clone());
        self
    }

    /// What browsers and password managers may fill in: a token of the HTML standard's `autocomplete` attribute.
    #[must_use]
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = Some(token);
        self
    }

    /// An example. It vanishes on typing, so it must not say anything needed.
    #[must_use]
    pub fn placeholder(mut self, example: impl Into<String>) -> Self {
        self.placeholder = Some(example.into());
        self
    }

    /// The least and the most length, in UTF-16 code units as browsers count.
    #[must_use]
    pub fn length(mut self, least: u32, most: u32) -> Self {
        self.min_chars = Some(least);
        self.max_chars = Some(most);
        self
    }

    /// The form cannot do without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Tells it apart from fields of the same name in other forms of the page.
    #[must_use]
    pub fn scope(mut self, form: impl Into<String>) -> Self {
        self.scope = Some(form.into());
        self
    }

    /// Several lines that a program reads: set in letters of one width, and not corrected while somebody types.
    #[must_use]
    pub fn code(mut self) -> Self {
        self.code = true;
        self
    }

    /// The cursor starts here. At most one in a page.
    #[must_use]
    pub fn autofocus(mut self) -> Self {
        self.autofocus = true;
        self
    }

    fn id(&self) -> String {
        match &self.scope {
            Some(scope) => field_id(&format!("{scope}-{}", self.name)),
            None => field_id(&self.name),
        }
    }

    /// The ids of hint and error, for `aria-describedby`.
    fn described_by(&self) -> Option<String> {
        let parts = [(self.hint.is_some(), "hint"), (self.error.is_some(), "error")];
        let ids: Vec<_> =
            parts.iter().filter(|(set, _)| *set).map(|(_, part)| format!("{}-{part}", self.id())).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.error.is_some().then_some("true")
    }

    fn render_input(&self, kind: &str) -> Markup {
        let value = (kind != "password" && !self.value.is_empty()).then_some(&self.value);
        html! {
            input.control type=(kind) id=(self.id()) name=(self.name) value=[value] autocomplete=[self.autocomplete]
                placeholder=[&self.placeholder] minlength=[self.min_chars] maxlength=[self.max_chars]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                required[self.required] autofocus[self.autofocus];
        }
    }

    fn render_number(&self) -> Markup {
        let value = (!self.value.is_empty()).then_some(&self.value);
        html! {
            input.control type="text" inputmode="numeric" id=(self.id()) name=(self.name) value=[value]
                autocomplete="off" placeholder=[&self.placeholder] aria-describedby=[self.described_by()]
                aria-invalid=[self.invalid()] required[self.required];
        }
    }

    fn render_textarea(&self, rows: u8) -> Markup {
        html! {
            textarea.control.control--code[self.code] spellcheck=[self.code.then_some("false")] id=(self.id()) name=(self.name) rows=(rows) placeholder=[&self.placeholder]
                minlength=[self.min_chars] maxlength=[self.max_chars] aria-describedby=[self.described_by()]
                aria-invalid=[self.invalid()] required[self.required] autofocus[self.autofocus] {
                (first_line_kept(&self.value))
            }
        }
    }

    fn render_select(&self, choices: &[Choice]) -> Markup {
        html! {
            div.select {
                select.control id=(self.id()) name=(self.name) aria-describedby=[self.described_by()]
                    aria-invalid=[self.invalid()] required[self.required] autofocus[self.autofocus] {
                    @for choice in choices {
                        option value=(choice.value) selected[choice.value == self.value] { (choice.label) }
                    }
                }
                (icon(Icon::ChevronDown))
            }
        }
    }

    fn render_checkbox(&self) -> Markup {
        let value = if self.value.is_empty() { "on" } else { &self.value };
        html! {
            div.field.field--check {
                input type="checkbox" id=(self.id()) name=(self.name) value=(value) checked[!self.value.is_empty()]
                    aria-describedby=[self.described_by()] aria-invalid=[self.invalid()] required[self.required];
                div {
                    label for=(self.id()) { (self.label) }
                    (self.render_hint())
                    (self.render_error())
                }
            }
        }
    }

    fn render_hint(&self) -> Markup {
        html! { @if let Some(hint) = &self.hint { p.field__hint id={ (self.id()) "-hint" } { (hint) } } }
    }

    fn render_error(&self) -> Markup {
        html! {
            @if let Some(error) = &self.error {
                p.field__error id={ (self.id()) "-error" } { (icon(Icon::Warning)) span { (error) } }
            }
        }
    }
}

impl Render for Field {
    fn render(&self) -> Markup {
        let control = match &self.control {
            Control::Input(kind) => self.render_input(kind),
            // `type=number` swallows what is no number and changes under a mouse wheel; this one only brings up digits.
            Control::Number => self.render_number(),
            Control::Textarea(rows) => self.render_textarea(*rows),
            Control::Select(choices) => self.render_select(choices),
            Control::Checkbox => return self.render_checkbox(),
        };
        html! {
            div.field {
                label for=(self.id()) {
                    (self.label)
                    @if !self.required { " " span.field__optional { "optional" } }
                }
                (self.render_hint())
                (control)
                (self.render_error())
            }
        }
    }
}

/// What is wrong with a form, above it: the whole in words, then a link to each field at fault.
/// `labels` gives the fields' names as people read them; a field without one is named as the fault names it.
pub fn form_errors(detail: &str, faults: &[FieldFault], labels: &[(&str, &str)]) -> Markup {
    let label = |fault: &FieldFault| {
        let known = labels.iter().find(|(name, _)| *name == fault.field);
        known.map_or_else(|| fault.field.clone(), |(_, label)| (*label).to_owned())
    };
    html! {
        div.alert.alert--danger role="alert" tabindex="-1" {
            (icon(Icon::Warning))
            div {
                p.alert__title { (detail) }
                @if !faults.is_empty() {
                    ul { @for fault in faults {
                        li { a href={ "#" (field_id(&fault.field)) } { (label(fault)) } ": " (fault.detail) }
                    } }
                }
            }
        }
    }
}

pub(crate) fn field_id(name: &str) -> String {
    format!("field-{name}")
}

/// HTML drops a newline right after `<textarea>`; one more keeps the text's own.
pub(crate) fn first_line_kept(text: &str) -> String {
    if text.starts_with('\n') { format!("\n{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_at_fault_is_marked_described_and_linked_from_the_summary() {
        let faults = [FieldFault { field: "email".to_owned(), detail: "Not an address.".to_owned() }];
        let field = Field::email("email", "E-mail").hint("Kept private.").faults(&faults).render().into_string();
        assert!(
            field.contains(r#"aria-describedby="field-email-hint field-email-error" aria-invalid="true""#),
            "{field}"
        );
        let summary = form_errors("Please check the form.", &faults, &[("email", "E-mail")]).into_string();
        assert!(summary.contains(r##"<a href="#field-email">E-mail</a>: Not an address."##), "{summary}");
        assert!(summary.contains(r#"role="alert""#));
    }

    #[test]
    fn passwords_are_never_sent_back() {
        let field = Field::password("password", "Password").value("hunter2").render().into_string();
        assert!(!field.contains("hunter2"), "{field}");
    }

    #[test]
    fn fields_of_the_same_name_in_two_forms_are_told_apart() {
        let field = |form: &str| Field::number("rate", "Starts").scope(form).render().into_string();
        assert!(field("a").contains(r#"<label for="field-a-rate">"#), "{}", field("a"));
        assert!(field("b").contains(r#"id="field-b-rate" name="rate""#), "{}", field("b"));
    }

    #[test]
    fn textarea_keeps_a_leading_newline() {
        let field = Field::textarea("body", "Text", 4).value("\nfirst").render().into_string();
        assert!(field.contains(">\n\nfirst</textarea>"), "{field}");
    }

    #[test]
    fn what_a_program_reads_is_not_corrected() {
        let field = Field::textarea("definition", "Definition", 4).code().render().into_string();
        assert!(field.contains(r#"<textarea class="control control--code" spellcheck="false""#), "{field}");
        let plain = Field::textarea("body", "Text", 4).render().into_string();
        assert!(!plain.contains("spellcheck") && !plain.contains("control--code"), "{plain}");
    }

    #[test]
    fn select_takes_the_choice_that_has_its_value() {
        let choices = vec![Choice::new("a", "A"), Choice::new("b", "B")];
        let field = Field::select("category", "Category", choices).value("b").render().into_string();
        assert!(field.contains(r#"<option value="a">A</option><option value="b" selected>B</option>"#), "{field}");
    }
}
