//! Whole documents as browsers get them: what every page has, and what none may have.
//!
//! What may not enter: the wording of any page.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also outside its own function")]

use kernel::{Actor, Explanation, Role, TenantId, Time, UserId};
use serde_json::json;
use ui::{
    Action, Button, CategoryCard, CategoryTag, Composer, Crumb, EmptyState, ErrorPage, Field, Flash, Hue, Icon,
    LiveThread, Nav, Page, Person, PostCard, PreEscaped, Script, Tab, ThreadRow, Tone, Viewer, category_cards, html,
    tabs, thread_rows,
};

const HOSTILE: &str = r#""><script>alert(1)</script><img src=x onerror=alert(1)>"#;

fn now() -> Time {
    "2026-03-20T12:00:00Z".parse().unwrap()
}

fn actor(role: Role) -> Actor {
    Actor::user(TenantId::FIRST, UserId(TenantId::FIRST.0), role, HOSTILE)
}

/// A page with every component on it that takes words from people, each with hostile ones.
fn everything(role: Role) -> String {
    let person = || Person::new(HOSTILE, HOSTILE).handle(HOSTILE).standing(HOSTILE);
    let tag = || CategoryTag { name: HOSTILE.to_owned(), href: HOSTILE.to_owned(), hue: Hue::of(HOSTILE) };
    let row = ThreadRow {
        href: HOSTILE.to_owned(),
        title: HOSTILE.to_owned(),
        category: Some(tag()),
        author: person(),
        reply_count: 1,
        active_at: now(),
        now: now(),
        locked: true,
        pinned: true,
    };
    let post = PostCard {
        id: HOSTILE.to_owned(),
        number: 1,
        author: person(),
        posted_at: now(),
        edited_at: Some(now()),
        now: now(),
        body: PreEscaped("<p>Made by the sanitiser.</p>".to_owned()),
        actions: html! { (Action::post(HOSTILE, Button::submit(HOSTILE)).hidden(HOSTILE, HOSTILE)) },
    };
    let live = LiveThread {
        events_url: HOSTILE.to_owned(),
        fragment_base: HOSTILE.to_owned(),
        post_count: 1,
        shows_end: true,
    };
    let body = html! {
        (category_cards(&[CategoryCard { tag: tag(), description: HOSTILE.to_owned(), thread_count: 1 }]))
        (thread_rows(&[row]))
        (live.list(&[post]))
        (tabs(HOSTILE, &[Tab { label: HOSTILE.to_owned(), href: HOSTILE.to_owned(), current: true, count: Some(1) }]))
        (EmptyState::new(Icon::Bubble, HOSTILE, HOSTILE))
        (Field::text(HOSTILE, HOSTILE).value(HOSTILE).hint(HOSTILE).error(HOSTILE))
        (Composer::new(HOSTILE, HOSTILE, HOSTILE).value(HOSTILE).preview_url(HOSTILE))
    };
    Page::new(HOSTILE)
        .viewer(&actor(role))
        .nav(Nav::Home)
        .description(HOSTILE)
        .canonical(HOSTILE)
        .crumbs(vec![Crumb::new(HOSTILE, HOSTILE)])
        .flash(Some(Flash::new(Tone::Danger, HOSTILE)))
        .script(Script::Live)
        .script(Script::Composer)
        .render(body)
}

fn error_page() -> String {
    let explanation = Explanation { decided_by: vec![HOSTILE.to_owned()], ..Explanation::default() };
    let (page, body) = ErrorPage {
        status: 403,
        title: HOSTILE.to_owned(),
        detail: HOSTILE.to_owned(),
        request_id: HOSTILE.to_owned(),
        explanation: Some(explanation),
    }
    .into_parts();
    page.render(body)
}

/// A description of an interface in which every word is hostile, the names of things included.
fn api_page() -> String {
    let schema = json!({
        "type": HOSTILE, "format": HOSTILE, "description": HOSTILE, "required": [HOSTILE], "pattern": HOSTILE,
        "properties": {
            HOSTILE: { "$ref": format!("#/components/schemas/{HOSTILE}"), "description": HOSTILE, "example": HOSTILE },
            "far": { "$ref": format!("javascript:{HOSTILE}") },
            "one": { "enum": [HOSTILE], "default": HOSTILE },
        },
    });
    let content = json!({ HOSTILE: { "schema": schema, "example": { HOSTILE: HOSTILE } } });
    let parameter = json!({ "name": HOSTILE, "in": HOSTILE, "description": HOSTILE, "schema": { "const": HOSTILE } });
    let operation = json!({
        "tags": [HOSTILE], "summary": HOSTILE, "description": HOSTILE, "parameters": [parameter],
        "requestBody": { "description": HOSTILE, "content": content },
        "responses": { HOSTILE: { "description": HOSTILE, "content": content } },
        "security": [{ HOSTILE: [] }],
    });
    let scheme =
        |kind: &str| json!({ "type": kind, "scheme": HOSTILE, "in": HOSTILE, "name": HOSTILE, "description": HOSTILE });
    ui::api_reference(&json!({
        "info": { "title": HOSTILE, "version": HOSTILE, "description": HOSTILE },
        "tags": [{ "name": HOSTILE, "description": HOSTILE }],
        "paths": { HOSTILE: { "get": operation, "post": operation } },
        "components": {
            "schemas": { HOSTILE: schema },
            "securitySchemes": { HOSTILE: scheme("http"), "key": scheme("apiKey"), "other": scheme(HOSTILE) },
        },
    }))
}

fn documents() -> Vec<String> {
    let mut documents: Vec<_> = Role::ALL.into_iter().map(everything).collect();
    documents.extend([error_page(), api_page(), Page::new("Plain").render(html! {})]);
    documents
}

/// What stands between `<` and `>`, text and closing tags left out.
fn tags(document: &str) -> impl Iterator<Item = &str> {
    document.split('<').skip(1).filter_map(|rest| rest.split('>').next()).filter(|tag| !tag.starts_with('/'))
}

/// The names of a tag's attributes, their values left out.
fn attributes(tag: &str) -> Vec<String> {
    let outside_quotes: String = tag.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    outside_quotes.split_whitespace().skip(1).map(|name| name.trim_end_matches('=').to_owned()).collect()
}

#[test]
fn hostile_words_never_become_markup() {
    for document in documents() {
        assert!(!document.contains("<script>") && !document.contains("<img"), "{document}");
    }
}

#[test]
fn every_page_has_one_heading_a_language_and_a_title() {
    for document in documents() {
        assert_eq!(document.matches("<h1").count(), 1, "{document}");
        assert!(document.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{document}");
        assert!(document.contains(" · Polity</title>"), "{document}");
        assert!(document.contains(r#"name="viewport" content="width=device-width"#), "{document}");
    }
}

#[test]
fn no_page_needs_an_exception_from_the_content_security_policy() {
    for document in documents() {
        for tag in tags(&document) {
            let attributes = attributes(tag);
            assert!(!attributes.iter().any(|name| name == "style" || name.starts_with("on")), "<{tag}>");
            assert!(!tag.starts_with("style"), "<{tag}>");
            assert!(!tag.starts_with("script ") || attributes.contains(&"src".to_owned()), "<{tag}>");
        }
    }
}

#[test]
fn every_asset_a_page_names_exists() {
    let document = everything(Role::Administrator);
    let paths: Vec<_> = document.split(ui::assets::MOUNT).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(paths.len(), 6, "icon, stylesheet and four scripts: {paths:?}");
    for path in paths {
        assert!(ui::assets::find(path).is_some(), "{path}");
    }
}

#[test]
fn modules_import_only_modules_that_exist() {
    for name in ui::assets::names().filter(|name| name.ends_with(".js")) {
        let path = |name: &str| ui::assets::url(name).strip_prefix(ui::assets::MOUNT).unwrap().to_owned();
        let module = ui::assets::find(&path(&name)).unwrap();
        let text = std::str::from_utf8(&module.bytes).unwrap();
        for import in text.lines().filter_map(|line| line.strip_prefix("import ")) {
            let imported = import.split("\"./").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            assert!(ui::assets::find(&path(imported)).is_some(), "{name} imports {imported}");
        }
    }
}

#[test]
fn ids_are_unique_in_a_page() {
    for document in documents() {
        let mut ids: Vec<_> = tags(&document).filter_map(|tag| tag.split(" id=\"").nth(1)?.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}

#[test]
fn reply_and_lock_have_a_place_to_be_announced() {
    let document = everything(Role::Member);
    for part in ["data-live-announce", r#"aria-live="polite" data-live-toast>"#, "<template data-live-toast-template>"]
    {
        assert!(document.contains(part), "{part}: {document}");
    }
    assert!(document.contains(r#"data-number="1""#), "live.js counts by the newest post's number: {document}");
}

#[test]
fn navigation_grows_with_the_role() {
    let page = |viewer: Viewer| Page::new("Home").viewer(viewer).nav(Nav::Home).render(html! {});
    let links = ["/new", "/audit", "/admin/people", "/logout", "/login", "/register"];
    for (role, expected) in [
        (Role::Guest, vec!["/login", "/register"]),
        (Role::Member, vec!["/new", "/logout"]),
        (Role::Moderator, vec!["/new", "/logout"]),
        (Role::Administrator, vec!["/new", "/audit", "/admin/people", "/logout"]),
    ] {
        let viewer = if role == Role::Guest { Viewer::GUEST } else { Viewer::from(&actor(role)) };
        let document = page(viewer);
        let shown: Vec<_> = links.into_iter().filter(|link| document.contains(&format!("\"{link}\""))).collect();
        assert_eq!(shown, expected, "{role:?}");
        assert!(document.contains(r#"<a href="/" aria-current="page">"#), "{document}");
    }
}

#[test]
fn logging_out_is_a_post() {
    let document = everything(Role::Member);
    assert!(document.contains(r#"<form method="post" action="/logout">"#), "{document}");
    assert!(!document.contains(r#"href="/logout""#), "{document}");
}

#[test]
fn error_page_keeps_search_engines_away_and_names_the_request() {
    let (page, body) = ErrorPage {
        status: 404,
        title: "There is nothing here".to_owned(),
        detail: "The thread was removed, or never existed.".to_owned(),
        request_id: "req-17".to_owned(),
        explanation: None,
    }
    .into_parts();
    let document = page.render(body);
    for part in [r#"<meta name="robots" content="noindex">"#, "404", "req-17", r#"href="/""#] {
        assert!(document.contains(part), "{part}: {document}");
    }
    assert!(!document.contains("refused"), "{document}");
}
