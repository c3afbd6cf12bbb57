//! One operation: what it takes, what it answers, who may call it.
//!
//! What may not enter: how a schema is read; that is `schema`'s.

use super::document::{Document, Operation, entries, flag, text};
use super::schema::{SchemaView, example, example_of, line, required};
use super::{method, words};
use crate::icon::{Icon, icon};
use crate::list::badge;
use crate::notice::Tone;
use crate::table::{Column, Table};
use maud::{Markup, html};
use serde_json::Value;

/// The operation in a frame of its own.
pub(super) fn card<'a>(document: &'a Document<'a>, operation: &'a Operation<'a>) -> Markup {
    let parameters = document.parameters(operation);
    let request = operation.value.get("requestBody").map(|request| document.resolve(request));
    html! {
        article.card.op id=(operation.anchor) {
            h3 { a href={ "#" (operation.anchor) } { (operation.title()) } }
            p.op__line {
                (method(operation))
                code { @for part in operation.path.split_inclusive('/') { (part) wbr; } }
                (security(document, operation))
                @if flag(operation.value, "deprecated") { (badge(Some(Tone::Warning), "deprecated")) }
            }
            (words(text(operation.value, "description")))
            @if !parameters.is_empty() { h4 { "Parameters" } (parameter_table(document, &parameters)) }
            @if let Some(request) = request { (request_body(document, request)) }
            h4 { "Responses" }
            dl.details {
                @for (status, answer) in entries(operation.value, "responses") {
                    (response(document, status, document.resolve(answer)))
                }
            }
        }
    }
}

fn security(document: &Document<'_>, operation: &Operation<'_>) -> Markup {
    let alternatives = document.security(operation);
    let optional = alternatives.iter().any(Vec::is_empty);
    let named: Vec<_> =
        alternatives.iter().filter(|names| !names.is_empty()).map(|names| names.join(" and ")).collect();
    html! {
        @if !named.is_empty() {
            a.tag href="#authentication" {
                (icon(Icon::Lock)) span { @if optional { "optionally " } "with " (named.join(" or ")) }
            }
        }
    }
}

fn parameter_table<'a>(document: &'a Document<'a>, parameters: &[&'a Value]) -> Markup {
    let columns = ["Name", "In", "Type", "Description"].map(Column::text).to_vec();
    let view = SchemaView::names_only(document);
    let row = |table: Table, parameter: &&'a Value| {
        let parameter: &'a Value = parameter;
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        let said = parameter.get("description").map_or(schema, |_| parameter);
        let shown = example_of(parameter).map_or(schema, |_| parameter);
        table.row(vec![
            html! { code { (text(parameter, "name")) } @if flag(parameter, "required") { " " (required()) } },
            html! { (text(parameter, "in")) },
            view.summary(schema),
            html! { span { (line(said)) (example(shown)) } },
        ])
    };
    html! { (parameters.iter().fold(Table::new("Parameters", columns), row)) }
}

fn request_body<'a>(document: &'a Document<'a>, request: &'a Value) -> Markup {
    let view = SchemaView::opening_names(document);
    html! {
        h4 { "Request body" @if flag(request, "required") { " " (required()) } }
        (words(text(request, "description")))
        @for (media_type, content) in entries(request, "content") {
            @let schema = content.get("schema").unwrap_or(&Value::Null);
            p { code { (media_type) } " " (view.summary(schema)) }
            @if let Some(inside) = view.inside(schema) { (inside) }
            (block_example(content))
        }
    }
}

fn response<'a>(document: &'a Document<'a>, status: &str, response: &'a Value) -> Markup {
    let view = SchemaView::opening_names(document);
    let tone = match status.bytes().next() {
        Some(b'2') => Some(Tone::Success),
        Some(b'4') => Some(Tone::Warning),
        Some(b'5') => Some(Tone::Danger),
        _ => None,
    };
    // A refusal looks the same everywhere: its schema is linked, not repeated.
    let refused = matches!(tone, Some(Tone::Warning | Tone::Danger));
    html! {
        div {
            dt { (badge(tone, status)) }
            dd {
                (what(status, text(response, "description"), refused))
                @for (media_type, content) in entries(response, "content") {
                    @let schema = content.get("schema").unwrap_or(&Value::Null);
                    p.api__type {
                        @if media_type != "application/json" { code { (media_type) } " " }
                        (view.summary(schema))
                    }
                    @if let Some(inside) = view.inside(schema).filter(|_| !refused) {
                        details { summary { "Fields" } (inside) }
                    }
                    (block_example(content))
                }
            }
        }
    }
}

/// What an answer means. A refusal that is described by nothing but its reason leads to that reason's page.
fn what(status: &str, description: &str, refused: bool) -> Markup {
    let is_reason = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    if refused && description.contains('.') && description.chars().all(is_reason) {
        return html! { p { a href={ "/api/problems/" (description) } { code { (description) } } } };
    }
    html! { @if description.is_empty() { p { (phrase(status)) } } @else { (words(description)) } }
}

/// The phrase that belongs to a status (RFC 9110, section 15, and RFC 6585), for documents that do not word it.
fn phrase(status: &str) -> &'static str {
    match status {
        "101" => "Switching protocols",
        "200" => "OK",
        "201" => "Created",
        "202" => "Accepted",
        "204" => "No content",
        "303" => "See other",
        "304" => "Not modified",
        "400" => "Bad request",
        "401" => "Unauthorized",
        "403" => "Forbidden",
        "404" => "Not found",
        "409" => "Conflict",
        "410" => "Gone",
        "412" => "Precondition failed",
        "413" => "Content too large",
        "415" => "Unsupported media type",
        "422" => "Unprocessable content",
        "429" => "Too many requests",
        "500" => "Internal server error",
        "503" => "Service unavailable",
        _ => "",
    }
}

fn block_example(content: &Value) -> Markup {
    html! {
        @if let Some(value) = example_of(content) {
            details { summary { "Example" } div.prose { pre { code { (format!("{value:#}")) } } } }
        }
    }
}
