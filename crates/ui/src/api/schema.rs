//! Schemas (JSON Schema 2020-12, as OpenAPI 3.1 uses it) in words and lists of fields.
//!
//! What may not enter: an expansion without a bound. Schemas contain themselves.

use super::document::{Document, entries, flag, items, schema_name, text};
use super::{with_code, words};
use crate::list::badge;
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

/// So many named schemas are opened inside each other; whoever wants more follows the link.
const MOST_NAMES: usize = 3;

/// Deeper than any schema that people write; keeps one that a machine wrote from exhausting the stack.
const MOST_LEVELS: usize = 12;

/// What bounds a value, with the words before and after the bound.
const BOUNDS: [(&str, &str, &str); 12] = [
    ("default", "default ", ""),
    ("minimum", "at least ", ""),
    ("maximum", "at most ", ""),
    ("exclusiveMinimum", "more than ", ""),
    ("exclusiveMaximum", "less than ", ""),
    ("multipleOf", "a multiple of ", ""),
    ("minLength", "at least ", " characters"),
    ("maxLength", "at most ", " characters"),
    ("minItems", "at least ", " items"),
    ("maxItems", "at most ", " items"),
    ("pattern", "matches ", ""),
    ("contentMediaType", "holds ", ""),
];

const FLAGS: [(&str, &str); 4] = [
    ("readOnly", "only in answers"),
    ("writeOnly", "only in requests"),
    ("uniqueItems", "no item twice"),
    ("deprecated", "deprecated"),
];

/// What a schema has that is more than a single value.
const CONTAINS: [&str; 6] = ["properties", "items", "additionalProperties", "allOf", "oneOf", "anyOf"];

/// A place from which schemas are looked at.
#[derive(Clone)]
pub(super) struct SchemaView<'a> {
    document: &'a Document<'a>,
    most_names: usize,
    opened: Vec<&'a str>,
    levels: usize,
}

impl<'a> SchemaView<'a> {
    /// Opens named schemas inside others, each at most once on the way down.
    pub(super) fn opening_names(document: &'a Document<'a>) -> Self {
        Self { document, most_names: MOST_NAMES, opened: Vec::new(), levels: 0 }
    }

    /// Links to named schemas and opens none.
    pub(super) fn names_only(document: &'a Document<'a>) -> Self {
        Self { most_names: 0, ..Self::opening_names(document) }
    }

    fn deeper(&self) -> Self {
        Self { levels: self.levels + 1, ..self.clone() }
    }

    /// A schema in a line: its type and what bounds it. A name is explained when it stands for a single value.
    pub(super) fn summary(&self, schema: &'a Value) -> Markup {
        let named = self.document.resolve(schema);
        let explained =
            schema_name(schema).is_some() && !named.is_null() && CONTAINS.iter().all(|key| named.get(key).is_none());
        html! {
            span.api__type {
                (self.kind(schema)) @if explained { ": " (self.kind(named)) }
                @for (key, before, after) in BOUNDS {
                    @if let Some(bound) = schema.get(key) { " · " (before) code { (plain(bound)) } (after) }
                }
                @for (key, said) in FLAGS { @if flag(schema, key) { " · " (said) } }
            }
        }
    }

    /// The type in words, with links to named schemas.
    fn kind(&self, schema: &'a Value) -> Markup {
        if self.levels > MOST_LEVELS {
            return html! { "…" };
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.name(schema_name(schema).unwrap_or(reference));
        }
        for (key, joint) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
            if schema.get(key).is_some() {
                return joined(joint, items(schema, key).map(|part| self.deeper().kind(part)));
            }
        }
        if let Some(value) = schema.get("const") {
            return html! { code { (plain(value)) } };
        }
        if schema.get("enum").is_some() {
            return joined(" or ", items(schema, "enum").map(|value| html! { code { (plain(value)) } }));
        }
        let types: Vec<_> = match schema.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ if schema.get("properties").is_some() => vec!["object"],
            _ => vec!["anything"],
        };
        joined(" or ", types.into_iter().map(|name| self.simple_kind(name, schema)))
    }

    fn simple_kind(&self, name: &'a str, schema: &'a Value) -> Markup {
        let format = text(schema, "format");
        match (name, schema.get("items"), schema.get("additionalProperties")) {
            ("array", Some(items), _) => html! { "array of " (self.deeper().kind(items)) },
            ("object", _, Some(values @ Value::Object(_))) => html! { "map of " (self.deeper().kind(values)) },
            ("null", ..) => html! { "null" },
            _ => html! { (name) @if !format.is_empty() { " (" (format) ")" } },
        }
    }

    fn name(&self, name: &str) -> Markup {
        html! {
            @match self.document.schemas.get(name) {
                Some(named) => a href={ "#" (named.anchor) } { (name) },
                None => code { (name) },
            }
        }
    }

    /// What a schema is made of, if it is made of fields.
    pub(super) fn inside(&self, schema: &'a Value) -> Option<Markup> {
        let Some(name) = schema_name(schema) else { return self.fields_below(schema) };
        if self.opened.len() >= self.most_names || self.opened.contains(&name) {
            return None;
        }
        let mut opened = self.deeper();
        opened.opened.push(name);
        opened.inside(self.document.schemas.get(name)?.schema)
    }

    fn fields_below(&self, schema: &'a Value) -> Option<Markup> {
        if self.levels > MOST_LEVELS {
            return None;
        }
        let below = self.deeper();
        let mut found: Vec<_> = items(schema, "allOf").filter_map(|part| below.inside(part)).collect();
        if entries(schema, "properties").next().is_some() {
            found.push(self.fields(schema));
        }
        let contained = ["items", "additionalProperties"].into_iter().filter_map(|key| schema.get(key));
        found.extend(contained.filter_map(|part| below.inside(part)));
        let choices = items(schema, "oneOf").chain(items(schema, "anyOf"));
        let choices: Vec<_> = choices.filter_map(|part| Some((part, below.inside(part)?))).collect();
        let several = choices.len() > 1;
        found.extend(choices.into_iter().map(|(part, inside)| {
            html! { @if several { p { "Either " (below.summary(part)) ":" } } (inside) }
        }));
        (!found.is_empty()).then(|| html! { @for part in found { (part) } })
    }

    fn fields(&self, schema: &'a Value) -> Markup {
        let is_required = |name: &str| items(schema, "required").any(|required| required.as_str() == Some(name));
        let below = self.deeper();
        html! {
            dl.details.fields {
                @for (name, field) in entries(schema, "properties") {
                    div {
                        dt { code { (name) } @if is_required(name) { " " (required()) } }
                        dd { (below.summary(field)) (words(text(field, "description"))) (example(field)) }
                        @if let Some(inside) = below.inside(field) {
                            dd.fields__inside { details { summary { "Fields of " code { (name) } } (inside) } }
                        }
                    }
                }
            }
        }
    }
}

/// The mark of what may not be left out.
pub(super) fn required() -> Markup {
    badge(None, "required")
}

/// An example in a line, if there is one.
pub(super) fn example(value: &Value) -> Markup {
    html! { @if let Some(value) = example_of(value) { p.api__type { "Example: " code { (plain(value)) } } } }
}

/// The example of a schema, a parameter or a media type, in any of the three ways in which they give one.
pub(super) fn example_of(value: &Value) -> Option<&Value> {
    let several = value.get("examples");
    let listed = several.and_then(Value::as_array).and_then(|list| list.first());
    let named = several.and_then(Value::as_object).and_then(|named| named.values().next()?.get("value"));
    value.get("example").or(listed).or(named)
}

/// A value as people write it: JSON, but texts without their quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A description in a line.
pub(super) fn line(value: &Value) -> Markup {
    with_code(text(value, "description"))
}

/// `parts` in their order, none twice. They are markup already: escaping them again would show it.
fn joined(joint: &str, parts: impl Iterator<Item = Markup>) -> Markup {
    let mut seen: Vec<String> = Vec::new();
    for part in parts.map(Markup::into_string) {
        if !seen.contains(&part) {
            seen.push(part);
        }
    }
    PreEscaped(seen.join(joint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(schema: Value, expected: &str) {
        let root = json!({ "components": { "schemas": {
            "Post": { "type": "object" }, "Role": { "type": "string", "enum": ["member", "guest"] },
        } } });
        let document = Document::read(&root);
        let markup = SchemaView::names_only(&document).summary(&schema).into_string();
        let mut words = String::new();
        for piece in markup.split('<') {
            words.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        }
        assert_eq!(words, expected, "{schema}");
    }

    #[test]
    fn types_read_like_speech() {
        let post = || json!({ "$ref": "#/components/schemas/Post" });
        check(json!({ "type": "string", "format": "uuid" }), "string (uuid)");
        check(json!({ "type": ["string", "null"], "format": "date-time" }), "string (date-time) or null");
        check(json!({ "type": "array", "items": post() }), "array of Post");
        check(json!({ "oneOf": [{ "type": "null" }, post()] }), "null or Post");
        check(json!({ "oneOf": [{ "type": "object" }, { "type": "object" }] }), "object");
        check(json!({ "allOf": [post(), { "type": "object" }] }), "Post and object");
        check(json!({ "type": "object", "additionalProperties": { "type": "integer" } }), "map of integer");
        check(json!({ "$ref": "#/components/schemas/Role" }), "Role: member or guest");
        check(json!({ "$ref": "https://example.org/x.json" }), "https://example.org/x.json");
        check(
            json!({ "type": "string", "minLength": 2, "readOnly": true }),
            "string · at least 2 characters · only in answers",
        );
        check(json!({}), "anything");
    }
}
