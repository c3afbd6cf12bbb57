//! The page about the HTTP interface: an OpenAPI 3.1 document set for reading, complete without a script.
//!
//! What may not enter: knowledge of a particular operation, and markup taken from the document. Whatever it says is
//! text.

mod document;
mod operation;
mod schema;

use crate::button::Button;
use crate::icon::Icon;
use crate::list::{badge, card};
use crate::notice::Tone;
use crate::page::Page;
use document::{Document, Group, Named, Operation, text};
use maud::{Markup, html};
use schema::SchemaView;
use serde_json::Value;

/// A whole page that describes `document`, an OpenAPI 3.1 document, with an anchor for every operation and schema.
///
/// What the document lacks or words wrongly is left out of the page. References are followed inside the document only,
/// and no deeper than a reader would, so that schemas may contain themselves. It is rendered for nobody in particular
/// and may be kept.
pub fn api_reference(document: &Value) -> String {
    let document = Document::read(document);
    let body = html! {
        div.api {
            (contents(&document))
            div.api__body {
                (introduction(&document))
                @for group in &document.groups { (chapter(&document, group)) }
                (schemas(&document))
            }
        }
    };
    let info = document.info();
    Page::new("API reference")
        .for_everybody()
        .description("Every operation of the HTTP interface: what it takes, what it answers, who may call it.")
        .lede(html! { span { (text(info, "title")) " " (text(info, "version")) } })
        .actions(html! {
            (Button::link("OpenAPI document", "/api/openapi.json").small().icon(Icon::Code))
            (Button::link("Problems", "/api/problems").small().icon(Icon::Warning))
        })
        .render(body)
}

/// The table of contents: beside the text where there is room, folded above it where there is not.
fn contents(document: &Document<'_>) -> Markup {
    html! {
        nav.api__toc aria-label="Contents" {
            details {
                summary { "Contents" }
                ul {
                    @if !document.schemes().is_empty() { li { a href="#authentication" { "Authentication" } } }
                    @for group in &document.groups {
                        li {
                            a href={ "#" (group.anchor) } { (group.name) }
                            ul { @for operation in &group.operations { li { (entry(operation)) } } }
                        }
                    }
                    @if !document.schemas.is_empty() {
                        li {
                            a href="#schemas" { "Schemas" }
                            ul { @for (name, named) in &document.schemas {
                                li { a href={ "#" (named.anchor) } { code { (name) } } }
                            } }
                        }
                    }
                }
            }
        }
    }
}

fn entry(operation: &Operation<'_>) -> Markup {
    html! {
        a href={ "#" (operation.anchor) } title=(operation.title()) {
            (method(operation)) " " code { (operation.short_path) }
        }
    }
}

fn method(operation: &Operation<'_>) -> Markup {
    let tone = match operation.method {
        "GET" => Some(Tone::Info),
        "POST" => Some(Tone::Success),
        "PUT" | "PATCH" => Some(Tone::Warning),
        "DELETE" => Some(Tone::Danger),
        _ => None,
    };
    badge(tone, operation.method)
}

fn introduction(document: &Document<'_>) -> Markup {
    let schemes = document.schemes();
    html! {
        (words(text(document.info(), "description")))
        @if !schemes.is_empty() {
            div #authentication {
                (card("Authentication", html! {
                    dl.details { @for (name, scheme) in schemes {
                        div { dt { code { (name) } } dd { (how(scheme)) (words(text(scheme, "description"))) } }
                    } }
                }))
            }
        }
    }
}

/// How a security scheme is presented with a request.
fn how(scheme: &Value) -> Markup {
    let (kind, name) = (text(scheme, "type"), text(scheme, "name"));
    html! {
        @match (kind, text(scheme, "scheme"), text(scheme, "in")) {
            ("http", "bearer", _) => {
                "The header " code { "Authorization: Bearer …" }
                @if !text(scheme, "bearerFormat").is_empty() { " with a " (text(scheme, "bearerFormat")) }
            }
            ("http", other, _) => { "HTTP authentication, " code { (other) } }
            ("apiKey", _, place) => { "The " (place) " " code { (name) } }
            _ => (kind)
        }
    }
}

fn chapter(document: &Document<'_>, group: &Group<'_>) -> Markup {
    html! {
        section.stack {
            h2 id=(group.anchor) { (group.name) }
            (words(group.description))
            @for operation in &group.operations { (operation::card(document, operation)) }
        }
    }
}

fn schemas(document: &Document<'_>) -> Markup {
    html! {
        @if !document.schemas.is_empty() {
            section.stack {
                h2 #schemas { "Schemas" }
                @for (name, named) in &document.schemas { (schema_card(document, name, named)) }
            }
        }
    }
}

fn schema_card(document: &Document<'_>, name: &str, named: &Named<'_>) -> Markup {
    let view = SchemaView::names_only(document);
    html! {
        article.card.op id=(named.anchor) {
            h3 { a href={ "#" (named.anchor) } { (name) } }
            (words(text(named.schema, "description")))
            // That an object is an object is to be seen from its fields.
            @if named.schema.get("properties").is_none() { p { (view.summary(named.schema)) } }
            @if let Some(inside) = view.inside(named.schema) { (inside) }
        }
    }
}

/// The two things that descriptions use of CommonMark: paragraphs, and code between backticks.
fn words(description: &str) -> Markup {
    html! {
        @if !description.trim().is_empty() {
            div.prose { @for paragraph in description.split("\n\n") { p { (with_code(paragraph)) } } }
        }
    }
}

fn with_code(paragraph: &str) -> Markup {
    let parts: Vec<_> = paragraph.trim().split('`').collect();
    // A backtick without its partner is only a backtick.
    let lone = (parts.len() % 2 == 0).then_some(parts.len() - 1);
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if Some(index) == lone { "`" (part) } @else if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_make_code_and_a_lone_one_stays() {
        assert_eq!(with_code("a `b` <c>").into_string(), "a <code>b</code> &lt;c&gt;");
        assert_eq!(with_code("it`s").into_string(), "it`s");
        assert_eq!(words("one\ntwo\n\nthree").into_string(), "<div class=\"prose\"><p>one\ntwo</p><p>three</p></div>");
    }
}
