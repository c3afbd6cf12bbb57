//! The page about an OpenAPI document, checked against a small invented one.
//!
//! What may not enter: hostile documents; `pages.rs` has one, beside the other hostile pages.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also outside its own function")]

use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A lending library: two tags, three paths, schemas that contain each other.
fn library() -> Value {
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let content = |name: &str| json!({ "application/json": { "schema": reference(name) } });
    let id = json!({ "name": "id", "in": "path", "required": true, "description": "The book's `id`", "schema": { "type": "string", "format": "uuid" } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Library", "version": "2.1", "description": "Lends books. Branch on `reason`." },
        "paths": {
            "/v1/books": {
                "get": { "tags": ["books"], "summary": "Lists books.", "responses": { "200": { "description": "", "content": content("Shelf") } } },
                "post": {
                    "tags": ["books"], "summary": "Adds a book.", "security": [{ "bearer": [] }, { "session": [] }],
                    "requestBody": { "required": true, "content": content("Book") },
                    "responses": {
                        "201": { "description": "Added", "content": content("Book") },
                        "409": { "description": "library.known_already", "content": content("Refusal") },
                    },
                },
            },
            "/v1/books/{id}": {
                "parameters": [id],
                "delete": { "tags": ["books"], "operationId": "burn_book", "responses": { "204": { "description": "" } } },
            },
            "/v1/members": { "get": { "responses": {} } },
        },
        "components": {
            "schemas": {
                "Book": {
                    "type": "object", "required": ["title"], "properties": {
                        "title": { "type": "string", "description": "On its spine.", "example": "Middlemarch", "maxLength": 80 },
                        "sequel": { "oneOf": [{ "type": "null" }, reference("Book")] },
                        "shelf": reference("Shelf"),
                    },
                },
                "Shelf": { "type": "object", "properties": { "books": { "type": "array", "items": reference("Book") } } },
                "Refusal": { "type": "object", "properties": { "reason": { "type": "string" } } },
                "Circle": reference("Round"), "Round": reference("Circle"),
                "Self": { "allOf": [reference("Self")], "anyOf": [reference("Self")], "items": reference("Self") },
            },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "session": { "type": "apiKey", "in": "cookie", "name": "library_session" },
            },
        },
    })
}

fn page() -> String {
    ui::api_reference(&library())
}

/// What stands between two marks, the first time.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    page.split_once(start).unwrap().1.split_once(end).unwrap().0
}

/// The frame of one operation or schema.
fn frame<'a>(page: &'a str, anchor: &str) -> &'a str {
    between(page, &format!("id=\"{anchor}\">"), "</article>")
}

/// What people see of some markup.
fn words(markup: &str) -> String {
    let text = |piece: &str| piece.split_once('>').map_or(piece, |(_, text)| text).to_owned();
    markup.split('<').map(text).collect()
}

#[track_caller]
fn check_words(anchor: &str, expected: &[&str]) {
    let words = words(frame(&page(), anchor));
    for part in expected {
        assert!(words.contains(part), "{part}: {words}");
    }
}

#[test]
fn every_operation_is_in_the_contents_under_its_tag() {
    let page = page();
    let contents = between(&page, "<nav class=\"api__toc\"", "</nav>");
    let links: Vec<_> = contents.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let operations =
        ["tag-books", "get-v1-books", "post-v1-books", "delete-v1-books-id", "tag-Other", "get-v1-members"];
    assert_eq!(links[..7], [&["authentication"], &operations[..]].concat());
    assert_eq!(words(between(contents, "title=\"burn_book\">", "</a>")), "DELETE /books/{id}");
}

#[test]
fn every_link_inside_the_page_leads_somewhere() {
    let page = page();
    let ids: BTreeSet<_> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(link), "#{link} is nowhere in {ids:?}");
    }
}

#[test]
fn page_leads_to_the_document_and_to_the_problems_and_to_no_other_host() {
    let page = page();
    for part in [r#"href="/api/openapi.json""#, r#"href="/api/problems""#, "Library 2.1", "<code>reason</code>"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("=\"http") && !page.contains("=\"//"), "{page}");
}

#[test]
fn page_that_is_the_same_for_everybody_asks_nobody_to_log_in() {
    assert!(!page().contains("/login"), "{}", page());
}

#[test]
fn request_body_shows_its_fields() {
    check_words(
        "post-v1-books",
        &[
            "application/json Book",
            "title required",
            "string · at most 80 characters",
            "On its spine.",
            "Example: Middlemarch",
            "with bearer or session",
        ],
    );
}

#[test]
fn parameters_of_the_path_are_shown_with_its_operations() {
    check_words(
        "delete-v1-books-id",
        &["burn_book", "id required", "path", "string (uuid)", "The book's id", "204No content"],
    );
}

#[test]
fn refusal_leads_to_its_reason_and_links_its_schema() {
    let page = page();
    let frame = frame(&page, "post-v1-books");
    let refusal = &frame[frame.find(">409<").unwrap()..];
    assert!(refusal.contains(r#"<a href="/api/problems/library.known_already">"#), "{refusal}");
    assert!(refusal.contains(r##"<a href="#schema-Refusal">"##) && !refusal.contains("<dl"), "{refusal}");
}

#[test]
fn schema_is_opened_once_on_the_way_down() {
    let page = page();
    let frame = frame(&page, "get-v1-books");
    assert_eq!(
        frame.matches("<code>books</code></dt>").count(),
        1,
        "the shelf is not opened inside its books: {frame}"
    );
    assert_eq!(frame.matches("<code>sequel</code></dt>").count(), 1, "nor a book inside a book: {frame}");
}

#[test]
fn schemas_without_an_end_are_named_and_not_followed() {
    check_words("schema-Circle", &["Circle", "Round"]);
    check_words("schema-Self", &["Self"]);
}

#[test]
fn schemas_that_contain_each_other_many_times_stay_small() {
    let all: Vec<_> =
        (0..8).map(|n| (format!("f{n}"), json!({ "$ref": format!("#/components/schemas/S{n}") }))).collect();
    let schema = json!({ "properties": Value::Object(all.into_iter().collect()) });
    let schemas = (0..8).map(|n| (format!("S{n}"), schema.clone())).collect();
    let page = ui::api_reference(&json!({ "components": { "schemas": Value::Object(schemas) } }));
    assert_eq!(page.matches("</dt>").count(), 8 * 8);
}

#[test]
fn deeply_nested_schema_comes_to_an_end() {
    let nest = |inner: Value, _| json!({ "type": "object", "properties": { "inner": inner } });
    let deep = (0..500).fold(json!({ "type": "array", "items": {} }), nest);
    let array = (0..500).fold(json!({}), |items, _| json!({ "type": "array", "items": items }));
    let page = ui::api_reference(&json!({ "components": { "schemas": { "Deep": deep, "Array": array } } }));
    assert!((5..50).contains(&page.matches("<code>inner</code>").count()), "{page}");
    assert!(page.contains("array of …"), "{page}");
}

#[test]
fn document_that_is_none_makes_an_empty_page() {
    for document in [json!(null), json!([]), json!({ "paths": { "/x": 7, "/y": { "get": null } }, "tags": 1 })] {
        assert!(ui::api_reference(&document).contains("<h1>API reference</h1>"), "{document}");
    }
}
