//! Every page in a real browser, wide, on a phone and in the dark: nothing sticks out, nothing is refused by the content
//! security policy. With POLITY_SCREENSHOTS=<folder> it leaves pictures for people to look at.

use crate::client::Client;
use crate::stack::{Stack, Topology};
use std::path::PathBuf;
use testkit::{Browser, Engine, Session, SessionOptions};

const PASSWORD: &str = "correct horse battery";

const GUESTS_PAGES: [(&str, &str); 8] = [
    ("login", "/login"),
    ("register", "/register"),
    ("forgot-password", "/forgot-password"),
    ("reset-password", "/reset-password/made-up"),
    ("prove-email", "/prove-email/made-up"),
    ("mailbox", "/mailbox"),
    ("guest", "/"),
    ("missing", "/nowhere"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_fits_every_screen_and_keeps_the_policy() {
    let Some(browser) = Browser::start().await else { return };
    let Some(stack) = Stack::start(Topology::AllInOne, Engine::Sqlite).await else { return };
    let pages = furnish(&stack).await;
    let screens = [
        ("wide", SessionOptions { javascript: true, phone: false, dark: false }),
        ("phone", SessionOptions { javascript: true, phone: true, dark: false }),
        ("dark", SessionOptions { javascript: true, phone: false, dark: true }),
    ];
    for (screen, options) in screens {
        let session = browser.session_with(options).await;
        for (name, path) in GUESTS_PAGES {
            look(&session, &stack, screen, name, path).await;
        }
        session.open(&format!("{}/login", stack.url)).await;
        session.fill("email", "founder@example.org").await;
        session.fill("password", PASSWORD).await;
        session.press("Log in").await;
        session.wait_for("form[action='/logout']").await;
        for (name, path) in &pages {
            look(&session, &stack, screen, name, path).await;
        }
        // A page that is not there is told to the console by the browser itself.
        let errors: Vec<_> = session.console_errors().await.into_iter().filter(|e| !e.contains("/nowhere")).collect();
        assert_eq!(errors, Vec::<String>::new(), "{screen}");
    }
}

async fn look(session: &Session, stack: &Stack, screen: &str, name: &str, path: &str) {
    session.open(&format!("{}{path}", stack.url)).await;
    session.wait_for("h1").await;
    let fits = session.script("return document.documentElement.scrollWidth <= window.innerWidth").await;
    let headings = session.script("return document.querySelectorAll('h1:not(.prose h1)').length").await;
    if let Some(folder) = std::env::var_os("POLITY_SCREENSHOTS").map(PathBuf::from) {
        std::fs::create_dir_all(&folder).unwrap();
        session.screenshot(&folder.join(format!("{name}-{screen}.png"))).await;
    }
    assert_eq!((fits.as_bool(), headings.as_i64()), (Some(true), Some(1)), "{path} on {screen}");
}

/// A community with something on every page, and the pages.
async fn furnish(stack: &Stack) -> Vec<(&'static str, String)> {
    let founder = stack.founder().await;
    let category = founder.category("workshop").await;
    let text = "# A plan\n\nSome **words**, a [link](https://example.org/with/a/rather/long/path/that/does/not/break) \
                and `code`.\n\n> Quoted.\n\n1. one\n2. two\n\n| wide | table | of | many | columns | that | scroll |\n\
                |-|-|-|-|-|-|-|\n| 1 | 2 | 3 | 4 | 5 | 6 | 7 |\n\n```rust\nfn main() { println!(\"a line of code that is \
                longer than any phone is wide, and then some more\"); }\n```\n\nAWordThatIsMuchTooLongForAnyPhone\
                AndHasNoPlaceToBreakBecauseNobodyThoughtOfThatWhenWritingIt\n";
    let body = serde_json::json!({ "category_id": category, "title": "How shall we heat the workshop this winter?", "body": text });
    let thread = founder.post("/api/v1/forum/threads", &body).await.ok()["id"].as_str().unwrap().to_owned();
    let ada = Client::new(&stack.url).join("ada").await;
    let reply = ada.reply(&thread, "With a stove, and with *patience*.").await["id"].as_str().unwrap().to_owned();
    ada.put(&format!("/api/v1/forum/posts/{reply}"), None, &serde_json::json!({ "body": "With a stove." })).await.ok();
    let flag = serde_json::json!({
        "kind": "boolean", "variants": { "on": true, "off": false }, "default": "off", "off": "off",
        "rules": [{ "name": "A tenth", "split": { "shares": [{ "variant": "on", "percent": 10 }] } }],
    });
    founder.post("/api/v1/admin/flags", &serde_json::json!({ "key": "new-editor", "definition": flag })).await.ok();
    vec![
        ("home", "/".to_owned()),
        ("category", "/c/workshop".to_owned()),
        ("thread", format!("/t/{thread}")),
        ("new", "/new?category=workshop".to_owned()),
        ("edit", format!("/p/{reply}/edit")),
        ("history", format!("/p/{reply}/history")),
        ("new-category", "/categories/new".to_owned()),
        ("account", "/account".to_owned()),
        ("security", "/account/security".to_owned()),
        ("set-up-app", "/account/security/app".to_owned()),
        ("remove-app", "/account/security/app/remove".to_owned()),
        ("change-password", "/account/password".to_owned()),
        ("change-email", "/account/email".to_owned()),
        ("people", "/admin/people".to_owned()),
        ("decisions", "/admin/decisions".to_owned()),
        ("flags", "/admin/flags".to_owned()),
        ("flag", "/admin/flags/new-editor".to_owned()),
        ("audit", "/audit".to_owned()),
        ("queues", "/platform/tasks".to_owned()),
        ("tasks", "/platform/tasks/search".to_owned()),
        ("schedules", "/platform/schedules".to_owned()),
        ("sagas", "/platform/sagas".to_owned()),
        ("api", "/api/docs".to_owned()),
    ]
}
