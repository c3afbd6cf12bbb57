//! An OpenAPI document taken apart: operations by tag, schemas by name, an anchor for each, references resolved.
//!
//! What may not enter: markup.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// In the order they are shown; every method OpenAPI 3.1 knows.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

/// Longer chains of references than this are circles.
const MOST_HOPS: usize = 16;

const SCHEMA_REFERENCE: &str = "#/components/schemas/";

static NOTHING: Value = Value::Null;

/// A document, indexed for reading from top to bottom.
pub(super) struct Document<'a> {
    root: &'a Value,
    /// The operations by their first tag, in the order the document lists its tags.
    pub(super) groups: Vec<Group<'a>>,
    /// The named schemas.
    pub(super) schemas: BTreeMap<&'a str, Named<'a>>,
}

/// The operations of one tag.
pub(super) struct Group<'a> {
    /// The tag.
    pub(super) name: &'a str,
    /// What the document says of it.
    pub(super) description: &'a str,
    /// Its element's id.
    pub(super) anchor: String,
    /// What belongs to it, by path and method.
    pub(super) operations: Vec<Operation<'a>>,
}

/// One method on one path.
pub(super) struct Operation<'a> {
    /// The method in capitals.
    pub(super) method: &'static str,
    /// The path with its variables in braces.
    pub(super) path: &'a str,
    /// The path without what it shares with its group's others.
    pub(super) short_path: &'a str,
    /// Its element's id.
    pub(super) anchor: String,
    /// What the document says of it.
    pub(super) value: &'a Value,
    path_item: &'a Value,
}

/// A schema other schemas can refer to.
pub(super) struct Named<'a> {
    /// Its element's id.
    pub(super) anchor: String,
    /// The schema itself.
    pub(super) schema: &'a Value,
}

impl<'a> Document<'a> {
    pub(super) fn read(root: &'a Value) -> Self {
        let mut anchors = Anchors::default();
        let schemas = entries(&root["components"], "schemas")
            .map(|(name, schema)| (name, Named { anchor: anchors.take("schema", name), schema }))
            .collect();
        let groups = groups(root, &mut anchors);
        Self { root, groups, schemas }
    }

    pub(super) fn info(&self) -> &'a Value {
        &self.root["info"]
    }

    /// The security schemes by name.
    pub(super) fn schemes(&self) -> Vec<(&'a str, &'a Value)> {
        entries(&self.root["components"], "securitySchemes").collect()
    }

    /// Alternatives of which one must be met, each the names of the schemes it takes: the operation's own, or else the
    /// document's. Empty for operations open to all.
    pub(super) fn security(&self, operation: &Operation<'a>) -> Vec<Vec<&'a str>> {
        let required = operation.value.get("security").unwrap_or(&self.root["security"]);
        let names =
            |requirement: &'a Value| requirement.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        required.as_array().into_iter().flatten().map(|requirement| names(requirement).collect()).collect()
    }

    /// What `value` refers to, or itself when it refers to nothing. Null when the reference leads nowhere, round in
    /// circles, or out of the document.
    pub(super) fn resolve(&self, mut value: &'a Value) -> &'a Value {
        for _ in 0..MOST_HOPS {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
            value = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)).unwrap_or(&NOTHING);
        }
        &NOTHING
    }

    /// The parameters of an operation: its own, and those of its path that it does not word anew.
    pub(super) fn parameters(&self, operation: &Operation<'a>) -> Vec<&'a Value> {
        let mut found: Vec<&'a Value> = Vec::new();
        for parameter in items(operation.value, "parameters").chain(items(operation.path_item, "parameters")) {
            let parameter = self.resolve(parameter);
            let same = |other: &&Value| ["name", "in"].iter().all(|key| text(other, key) == text(parameter, key));
            if !found.iter().any(same) {
                found.push(parameter);
            }
        }
        found
    }
}

impl Operation<'_> {
    /// What it does in a line, or else what it is called.
    pub(super) fn title(&self) -> &str {
        let names = [text(self.value, "summary"), text(self.value, "operationId"), self.path];
        names.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
    }
}

/// Ids that occur only once in the page.
#[derive(Default)]
struct Anchors {
    taken: BTreeSet<String>,
}

impl Anchors {
    fn take(&mut self, kind: &str, name: &str) -> String {
        let keep = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '-' };
        let name: String = name.chars().map(keep).collect();
        let words: Vec<_> = name.split('-').filter(|word| !word.is_empty()).collect();
        let wanted = format!("{kind}-{}", words.join("-"));
        let numbered = (2..).map(|n| format!("{wanted}-{n}"));
        let free = std::iter::once(wanted.clone()).chain(numbered).find(|name| !self.taken.contains(name));
        let anchor = free.unwrap_or(wanted);
        self.taken.insert(anchor.clone());
        anchor
    }
}

fn groups<'a>(root: &'a Value, anchors: &mut Anchors) -> Vec<Group<'a>> {
    let listed = items(root, "tags").map(|tag| (text(tag, "name"), text(tag, "description")));
    let mut groups: Vec<(&str, &str, Vec<Operation<'a>>)> =
        listed.map(|(name, description)| (name, description, Vec::new())).collect();
    for (path, path_item) in entries(root, "paths") {
        for method in METHODS {
            let Some(value) = path_item.get(method.to_ascii_lowercase()) else { continue };
            let tag = items(value, "tags").find_map(Value::as_str).unwrap_or("Other");
            let anchor = anchors.take(&method.to_ascii_lowercase(), path);
            let operation = Operation { method, path, short_path: path, anchor, value, path_item };
            match groups.iter_mut().find(|(name, ..)| *name == tag) {
                Some((.., operations)) => operations.push(operation),
                None => groups.push((tag, "", vec![operation])),
            }
        }
    }
    groups.retain(|(.., operations)| !operations.is_empty());
    let group = |(name, description, operations): (&'a str, &'a str, Vec<Operation<'a>>)| Group {
        name,
        description,
        anchor: anchors.take("tag", name),
        operations: shortened(operations),
    };
    groups.into_iter().map(group).collect()
}

/// Takes from each path the leading segments that all of them share; at least one segment stays.
fn shortened(mut operations: Vec<Operation<'_>>) -> Vec<Operation<'_>> {
    fn parent(path: &str) -> &str {
        path.rsplit_once('/').map_or("", |(parent, _)| parent)
    }
    let below = |path: &str, prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    let mut shared = operations.first().map_or("", |operation| parent(operation.path));
    while !shared.is_empty() && !operations.iter().all(|operation| below(operation.path, shared)) {
        shared = parent(shared);
    }
    let length = shared.len();
    for operation in &mut operations {
        operation.short_path = operation.path.get(length..).unwrap_or(operation.path);
    }
    operations
}

/// The name of the schema a reference points to, if it points to one.
pub(super) fn schema_name(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(SCHEMA_REFERENCE)
}

/// The text under `key`, empty if there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the flag under `key` is set.
pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// The members of the list under `key`.
pub(super) fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The members of the object under `key`.
pub(super) fn entries<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_shortened_by_whole_segments() {
        let root = json!({ "paths": {
            "/api/v1/posts": { "get": {} }, "/api/v1/posts/{id}": { "get": {} }, "/api/v10/x": { "get": {} },
        } });
        let document = Document::read(&root);
        let short: Vec<_> = document.groups[0].operations.iter().map(|operation| operation.short_path).collect();
        assert_eq!(short, ["/v1/posts", "/v1/posts/{id}", "/v10/x"]);
    }

    #[test]
    fn anchors_never_occur_twice() {
        let root = json!({ "paths": { "/a/b": { "get": {} }, "/a/{b}": { "get": {} } } });
        let document = Document::read(&root);
        let anchors: Vec<_> = document.groups[0].operations.iter().map(|operation| &*operation.anchor).collect();
        assert_eq!(anchors, ["get-a-b", "get-a-b-2"]);
    }

    #[test]
    fn operation_words_parameters_of_its_path_anew() {
        let shared = json!([{ "name": "id", "in": "path", "description": "old" }, { "name": "id", "in": "query" }]);
        let own = json!([{ "$ref": "#/components/parameters/Id" }]);
        let root = json!({
            "paths": { "/x/{id}": { "parameters": shared, "get": { "parameters": own } } },
            "components": { "parameters": { "Id": { "name": "id", "in": "path", "description": "new" } } },
        });
        let document = Document::read(&root);
        let parameters = document.parameters(&document.groups[0].operations[0]);
        let seen: Vec<_> = parameters.iter().map(|found| (text(found, "in"), text(found, "description"))).collect();
        assert_eq!(seen, [("path", "new"), ("query", "")]);
    }

    #[test]
    fn references_in_circles_and_out_of_the_document_lead_nowhere() {
        let root = json!({ "components": { "schemas": {
            "A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" },
            "C": { "$ref": "https://example.org/c.json" }, "D": { "$ref": "#/components/schemas/E" }, "E": { "type": "string" },
        } } });
        let document = Document::read(&root);
        for (name, expected) in [("A", Value::Null), ("C", Value::Null), ("D", json!({ "type": "string" }))] {
            assert_eq!(document.resolve(document.schemas[name].schema), &expected, "{name}");
        }
    }
}
