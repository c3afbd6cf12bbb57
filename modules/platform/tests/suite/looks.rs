//! The console in a real browser, wide, on a phone and in the dark, over desks with something on each page. With
//! POLITY_SCREENSHOTS=<folder> it leaves pictures for people to look at.
#![allow(clippy::disallowed_methods, reason = "a test asks the machine as it likes")]

use crate::console::Console;
use crate::desk::at;
use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use kernel::{QueueLimits, TaskState};
use runtime::Supervisor;
use runtime::http::{ServerOptions, serve};
use std::path::PathBuf;
use std::time::Duration;
use testkit::{Browser, Session, SessionOptions};
use tokio::net::TcpListener;

/// The console on a port of its own, with the style sheet that pages ask for.
async fn listen(console: &Console) -> (String, Supervisor) {
    let asset = async |Path(path): Path<String>| match ui::assets::find(&path) {
        Some(asset) => ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes.into_owned()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    };
    let door = async || Html("<link rel='icon' href='data:,'>Come in.");
    let assets = Router::new().route("/assets/{*path}", get(asset)).route("/door", get(door));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = ServerOptions {
        header_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(60),
        max_connections: 100,
    };
    let mut servers = Supervisor::default();
    let stop = Default::default();
    servers.serve("console", serve(listener, console.router.clone().merge(assets), options, stop));
    (url, servers)
}

/// Opens the console as an administrator.
async fn log_in(session: &Session, url: &str) {
    session.open(&format!("{url}/door")).await;
    session.script("document.cookie = 'polity_session=administrator; path=/'").await;
}

/// Something on every page, and the pages.
fn furnish(console: &Console) -> Vec<(&'static str, String)> {
    let forum = console.forum();
    forum.queue("default", 1204, 0, Some(at(0)));
    forum.queue("mail", 12, 3, Some(at(0)));
    forum.hour(at(0));
    console.ledger().queue("payouts", 0, 0, None);
    {
        let mut queues = forum.queues.lock().unwrap();
        queues[1].settings.paused = true;
        queues[1].settings.limits =
            QueueLimits { per_process: Some(4), at_most: None, rate: Some((100, Duration::from_secs(60))) };
    }
    let states = [TaskState::Done, TaskState::Ready, TaskState::Scheduled, TaskState::Waiting, TaskState::Expired];
    for (number, state) in (10..).zip(states.into_iter().cycle()).take(20) {
        forum.task(number, "forum.send_mail", state);
    }
    let dead = forum.task(40, "forum.send_a_mail_with_a_rather_long_name_that_does_not_break", TaskState::Dead);
    let running = console.ledger().task(41, "ledger.settle", TaskState::Running);
    forum.schedule("sweep_drafts", "forum.sweep_drafts", false);
    console.ledger().schedule("reconcile_bank_statements", "ledger.reconcile_bank_statements", true);
    let stuck = console.ledger().saga(50, "stuck");
    let back = console.ledger().saga_stuck_going_back(53);
    let running_saga = console.ledger().saga(54, "running");
    forum.saga(51, "waiting");
    forum.saga(52, "done");
    console.clock.advance(Duration::from_secs(3600));
    vec![
        ("console-queues", "/platform/tasks".to_owned()),
        ("console-tasks", "/platform/tasks/search".to_owned()),
        ("console-dead", "/platform/tasks/search?state=dead".to_owned()),
        ("console-redrive", "/platform/tasks/redrive?state=dead".to_owned()),
        ("console-task-dead", format!("/platform/tasks/forum/{dead}")),
        ("console-task-running", format!("/platform/tasks/ledger/{running}")),
        ("console-cancel", format!("/platform/tasks/ledger/{running}/cancel")),
        ("console-schedules", "/platform/schedules?done=run-now".to_owned()),
        ("console-sagas", "/platform/sagas".to_owned()),
        ("console-saga-stuck", format!("/platform/sagas/ledger/{stuck}")),
        ("console-undo", format!("/platform/sagas/ledger/{stuck}/compensate")),
        ("console-skip", format!("/platform/sagas/ledger/{stuck}/skip")),
        ("console-saga-going-back", format!("/platform/sagas/ledger/{back}")),
        ("console-skip-going-back", format!("/platform/sagas/ledger/{back}/skip")),
        ("console-saga-running", format!("/platform/sagas/ledger/{running_saga}")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn console_fits_every_screen_and_keeps_the_policy() {
    let Some(browser) = Browser::start().await else { return };
    let console = Console::new().await;
    let pages = furnish(&console);
    let (url, _servers) = listen(&console).await;
    for (screen, phone, dark) in [("wide", false, false), ("phone", true, false), ("dark", false, true)] {
        let session = browser.session_with(SessionOptions { javascript: true, phone, dark }).await;
        log_in(&session, &url).await;
        for (name, path) in &pages {
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
            assert_eq!((fits.as_bool(), doubled), (Some(true), serde_json::json!([])), "{path} on {screen}");
        }
        assert_eq!(session.console_errors().await, Vec::<String>::new(), "{screen}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_move_on_until_somebody_pauses_them() {
    let Some(browser) = Browser::start().await else { return };
    let console = Console::new().await;
    furnish(&console);
    let (url, _servers) = listen(&console).await;
    let session = browser.session().await;
    log_in(&session, &url).await;
    session.open(&format!("{url}/platform/tasks")).await;
    session.see("1204").await;
    // What somebody is typing stays.
    session
        .script(
            "document.querySelector('main details').open = true; document.querySelector('input.control').value = '77'",
        )
        .await;
    console.forum().queues.lock().unwrap()[0].ready = 5309;
    session.see("5309").await;
    assert_eq!(session.script("return document.querySelector('input.control').value").await, "77");
    session.press("Pause updates").await;
    session.see("Updates paused").await;
    console.silence("forum", true);
    session.press("Resume updates").await;
    session.see("forum does not answer").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn console_works_without_scripts() {
    let Some(browser) = Browser::start().await else { return };
    let console = Console::new().await;
    furnish(&console);
    let (url, _servers) = listen(&console).await;
    let session = browser.session_without_javascript().await;
    log_in(&session, &url).await;
    session.open(&format!("{url}/platform/tasks/search?state=dead")).await;
    session.follow("Redrive all of these").await;
    session.see("Redrive 1 dead letter?").await;
    session.press("Redrive it").await;
    session.see("1 dead letter gets another life.").await;
    let stuck = uuid::Uuid::from_u128(50);
    session.open(&format!("{url}/platform/sagas/ledger/{stuck}")).await;
    session.follow("Undo").await;
    session.see("Undo this saga?").await;
    session.press("Undo it").await;
    session.see("The saga is being undone.").await;
    session.open(&format!("{url}/platform/tasks")).await;
    session.see("Refresh").await;
    session.press("Resume").await;
    session.see("The queue goes on.").await;
}
