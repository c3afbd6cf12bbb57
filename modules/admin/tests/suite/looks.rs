//! The pages about flags in a real browser, wide, on a phone and in the dark, and with their forms used without
//! scripts. With POLITY_SCREENSHOTS=<folder> it leaves pictures for people to look at.
#![allow(clippy::disallowed_methods, reason = "a test asks the machine as it likes")]

use crate::flags::{plain, rollout};
use crate::house::House;
use serde_json::{Value, json};
use std::path::PathBuf;
use testkit::{Browser, Session, SessionOptions};

/// Opens the house as the administrator.
async fn log_in(session: &Session, url: &str) {
    session.open(&format!("{url}/door")).await;
    session.script("document.cookie = 'polity_session=administrator; path=/'").await;
}

/// Something on every page, and the pages.
async fn furnish(house: &House) -> Vec<(&'static str, String)> {
    house.registers(9, "ada", "Ada Lovelace").await;
    let mut editor = rollout(10);
    editor["public"] = json!(true);
    editor["rules"] = json!([
        {
            "name": "Staff",
            "conditions": [
                { "attribute": "email", "operator": "ends_with", "value": "@example.org" },
                { "attribute": "app.version", "operator": "semver_at_least", "value": "2.1.0", "not": true },
            ],
            "variant": "on",
        },
        {
            "name": "A part of everybody",
            "from": "2030-01-01T00:00:00Z",
            "split": { "shares": [
                { "variant": "on", "percent": 10 },
                { "variant": "off", "percent": { "from": 0, "to": 20, "starts": "2030-01-01T00:00:00Z", "ends": "2030-02-01T00:00:00Z" } },
            ] },
        },
    ]);
    house.defines("new-editor", editor.clone()).await;
    house.defines("forum.posts_per_page", plain("number", json!(20))).await;
    house.defines("a-flag-with-a-rather-long-key-that-has-no-place-to-break.and_goes_on_and_on", rollout(50)).await;
    let path = "/api/v1/admin/flags/new-editor";
    house.governs("PUT", &format!("{path}/rollout"), json!({ "rule": 1, "share": 1, "percent": 25 })).await;
    house.governs("PUT", &format!("{path}/switch"), json!({ "enabled": false })).await;
    house.governs("PUT", &format!("{path}/switch"), json!({ "enabled": true })).await;
    editor["rules"] = json!([editor["rules"][1]]);
    editor["description"] = json!("The editor with a preview, for whoever writes much.");
    house.governs("PUT", path, json!({ "definition": editor })).await;
    house.defines("old-editor", plain("boolean", json!(true))).await;
    house.governs("DELETE", "/api/v1/admin/flags/old-editor", Value::Null).await;
    let context = "context=%7B%22targetingKey%22%3A%20%22user-7%22%7D";
    vec![
        ("flags", "/admin/flags".to_owned()),
        ("flags-none", "/admin/flags?query=nowhere".to_owned()),
        ("flags-new", "/admin/new-flag".to_owned()),
        ("flag", "/admin/flags/new-editor?done=rolled-out".to_owned()),
        ("flag-plain", "/admin/flags/forum.posts_per_page".to_owned()),
        ("flag-put-away", "/admin/flags/old-editor".to_owned()),
        ("flag-history", "/admin/flags/new-editor/history".to_owned()),
        ("flag-try", format!("/admin/flags/new-editor/try?{context}")),
        ("flag-try-wrong", "/admin/flags/new-editor/try?context=%7B".to_owned()),
    ]
}

/// Looks at each page on every screen: it fits, names nothing twice, and breaks no rule of the browser's.
async fn look(browser: &Browser, house: &House, pages: &[(&str, String)]) {
    let (url, _servers) = house.listens().await;
    for (screen, phone, dark) in [("wide", false, false), ("phone", true, false), ("dark", false, true)] {
        let session = browser.session_with(SessionOptions { javascript: true, phone, dark }).await;
        log_in(&session, &url).await;
        for (name, path) in pages {
            session.open(&format!("{url}{path}")).await;
            session.wait_for("h1").await;
            if let Some(folder) = std::env::var_os("POLITY_SCREENSHOTS").map(PathBuf::from) {
                std::fs::create_dir_all(&folder).unwrap();
                session.screenshot(&folder.join(format!("{name}-{screen}.png"))).await;
            }
            let fits = session.script("return document.documentElement.scrollWidth <= window.innerWidth").await;
            let ids = "const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); \
                       return ids.filter((id, at) => ids.indexOf(id) !== at)";
            let doubled = session.script(ids).await;
            assert_eq!((fits.as_bool(), doubled), (Some(true), json!([])), "{path} on {screen}");
        }
        let wrong = |error: &String| !error.contains("422");
        let errors: Vec<_> = session.console_errors().await.into_iter().filter(wrong).collect();
        assert_eq!(errors, Vec::<String>::new(), "{screen}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_about_flags_fit_every_screen_and_keep_the_policy() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::new().await;
    let pages = furnish(&house).await;
    look(&browser, &house, &pages).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_about_access_fit_every_screen_and_keep_the_policy() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::new().await;
    house.registers(1, "ada", "Ada Lovelace").await;
    let operations = json!(["admin.define_flag", "admin.change_flag", "admin.roll_out_flag"]);
    let keeper = json!({ "about": "Keeps the flags while others sleep.", "operations": operations });
    house.governs("PUT", "/api/v1/admin/standings/role/flag-keeper", keeper).await;
    house.governs("PUT", "/api/v1/admin/standings/group/night-watch", json!({ "about": "Awake at night." })).await;
    let holders = "/api/v1/admin/standings/role/flag-keeper/holders";
    house.governs("PUT", &format!("{holders}/group:night-watch"), json!({})).await;
    let ends_at = json!({ "ends_at": "2100-01-01T00:00:00Z" });
    house.governs("PUT", &format!("{holders}/user:{}", crate::house::person(1)), ends_at).await;
    let first = "// Nobody changes what programs ask for on a Friday.\n@id(\"frozen\")\nforbid (principal, \
                 action == Admin::Action::\"define_flag\", resource)\nunless { principal in Polity::Group::\"night-watch\" };";
    let proposal = |policies: &str, note: &str| json!({ "policies": policies, "note": note });
    let path = "/api/v1/admin/policies";
    house.governs("POST", path, proposal(first, "Quiet Fridays.")).await;
    house.governs("POST", &format!("{path}/1/approval"), Value::Null).await;
    let second = first.replace("define_flag", "change_flag");
    house.governs("POST", path, proposal(&second, "Changes count too, as was said last week.")).await;
    let why = "who=@ada&operation=admin.define_flag&kind=Flag&id=f&attributes=public%20%3D%20true";
    let pages = [
        ("standings", "/admin/standings".to_owned()),
        ("policies", "/admin/policies".to_owned()),
        ("decision", format!("/admin/decisions?{why}")),
        ("decision-allowed", "/admin/decisions?who=guest&operation=admin.read_role&kind=Person&id=p".to_owned()),
    ];
    look(&browser, &house, &pages).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flag_is_kept_without_scripts() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::new().await;
    let (url, _servers) = house.listens().await;
    let session = browser.session_without_javascript().await;
    log_in(&session, &url).await;
    session.open(&format!("{url}/admin/flags")).await;
    session.follow("Define a flag").await;
    session.fill("key", "new-editor").await;
    session.press("Define").await;
    session.see("The flag is defined.").await;
    session.press("Switch off").await;
    session.see("The flag is off").await;
    session.press("Switch on").await;
    session.see("The flag is on").await;
    session.follow("Try it").await;
    session.press("Try it").await;
    session.see("because of").await;
    session.follow("History").await;
    session.see("Version 3, switched on").await;
}
