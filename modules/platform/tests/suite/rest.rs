//! What the console tells over REST: all modules as one, and those that are silent.

use crate::console::Console;
use crate::desk::at;
use axum::http::StatusCode;
use kernel::{TaskState, TenantId};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use uuid::Uuid;

#[tokio::test]
async fn tasks_of_all_modules_are_one_list_without_gap_or_double() {
    let console = Console::new().await;
    for number in 1..=9 {
        let desk = if number % 3 == 0 { console.ledger() } else { console.forum() };
        desk.task(number, "forum.sweep_drafts", TaskState::Done);
    }
    let (seen, pages) = read_through(&console, "/api/v1/platform/tasks?limit=2").await;
    assert_eq!((seen, pages), (vec![9, 8, 7, 6, 5, 4, 3, 2, 1], 5));
}

/// Reads a list to its end. The ids, newest first, and how many pages there were.
async fn read_through(console: &Console, path: &str) -> (Vec<u128>, usize) {
    let (mut seen, mut pages, mut next) = (Vec::new(), 0, String::new());
    loop {
        let page = console.get(&format!("{path}{next}")).await;
        seen.extend(page.each("id").iter().map(|id| id.parse::<Uuid>().unwrap().as_u128()));
        pages += 1;
        assert!(pages < 100, "{path} does not end");
        let Some(cursor) = page.json()["next"].as_str().map(str::to_owned) else { return (seen, pages) };
        next = format!("&cursor={cursor}");
    }
}

#[tokio::test]
async fn module_that_gives_up_early_hides_nothing_of_its_own_or_of_others() {
    let console = Console::new().await;
    for number in 1..=24 {
        let desk = if number % 2 == 0 { console.forum() } else { console.ledger() };
        let kind = if number % 3 == 0 { "forum.send_mail" } else { "forum.sweep_drafts" };
        desk.task(number, kind, TaskState::Done);
        desk.saga(number, if number % 3 == 0 { "stuck" } else { "done" });
    }
    let every_third: Vec<u128> = (1..=24).rev().filter(|number| number % 3 == 0).collect();
    for (forum, ledger) in [(1, 0), (0, 1), (1, 1), (2, 5), (5, 2), (3, 3), (0, 0)] {
        console.forum().gives_up_after.store(forum, Ordering::SeqCst);
        console.ledger().gives_up_after.store(ledger, Ordering::SeqCst);
        for limit in [1, 2, 3, 8, 50] {
            for list in ["tasks?kind=forum.send_mail", "sagas?state=stuck"] {
                let (seen, _) = read_through(&console, &format!("/api/v1/platform/{list}&limit={limit}")).await;
                assert_eq!(seen, every_third, "{list} {limit} at a time, giving up after {forum} and {ledger}");
            }
        }
    }
}

#[tokio::test]
async fn page_with_nothing_on_it_goes_on_behind_what_was_looked_at() {
    let console = Console::new().await;
    for number in 1..=6 {
        console.forum().task(number, "forum.sweep_drafts", TaskState::Done);
    }
    console.forum().gives_up_after.store(2, Ordering::SeqCst);
    let (seen, pages) = read_through(&console, "/api/v1/platform/tasks?kind=nothing.like_it").await;
    assert_eq!((seen, pages), (vec![], 3));
}

#[tokio::test]
async fn each_filter_finds_what_it_says() {
    let console = Console::new().await;
    console.forum().task(1, "forum.sweep_drafts", TaskState::Dead);
    console.forum().task(2, "forum.send_mail", TaskState::Done);
    console.ledger().task(3, "ledger.settle", TaskState::Dead);
    let elsewhere = Uuid::from_u128(99);
    for (query, expected) in [
        ("state=dead".to_owned(), vec![3, 1]),
        ("module=forum".to_owned(), vec![2, 1]),
        ("kind=ledger.settle".to_owned(), vec![3]),
        ("key=thread-2".to_owned(), vec![2]),
        ("queue=mail".to_owned(), vec![]),
        (format!("tenant_id={}", TenantId::FIRST), vec![3, 2, 1]),
        (format!("tenant_id={elsewhere}"), vec![]),
        ("state=dead&module=forum&kind=".to_owned(), vec![1]),
    ] {
        let found = console.get(&format!("/api/v1/platform/tasks?{query}")).await;
        let ids: Vec<_> = found.each("id").iter().map(|id| id.parse::<Uuid>().unwrap().as_u128()).collect();
        assert_eq!(ids, expected, "{query}");
        let counted = console.get(&format!("/api/v1/platform/tasks/count?{query}")).await;
        assert_eq!(counted.json()["count"], expected.len(), "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_named() {
    let console = Console::new().await;
    for (path, field) in [
        ("tasks?state=asleep", "state"),
        ("tasks?tenant_id=ours", "tenant_id"),
        ("tasks?cursor=abc", "cursor"),
        ("tasks?limit=201", "limit"),
        ("tasks?module=nobody", "module"),
        // It is there and keeps no tasks.
        ("queues?module=auth", "module"),
        ("throughput?minutes=0", "minutes"),
        ("sagas?state=asleep", "state"),
        ("tasks?kind=forum%00", "kind"),
        ("tasks?key=%00", "key"),
        ("tasks/count?queue=a%00b", "queue"),
        ("sagas?kind=a%00b", "kind"),
        ("sagas?correlation=a%00b", "correlation"),
    ] {
        let refused = console.get(&format!("/api/v1/platform/{path}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", refused.text);
        assert_eq!(refused.json()["errors"][0]["field"], field, "{path}");
    }
}

#[tokio::test]
async fn silent_module_is_named_and_the_others_are_heard() {
    let console = Console::new().await;
    console.forum().queue("default", 3, 0, Some(at(5)));
    console.ledger().queue("default", 1, 2, None);
    console.ledger().task(1, "ledger.settle", TaskState::Dead);
    console.silence("forum", true);
    for path in ["queues", "tasks", "tasks/count", "schedules", "sagas", "throughput"] {
        let answer = console.get(&format!("/api/v1/platform/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.json()["silent"][0]["module"], "forum", "{path}");
    }
    let queues = console.get("/api/v1/platform/queues").await;
    assert_eq!(queues.each("module"), ["ledger"]);
    console.silence("forum", false);
    let queues = console.get("/api/v1/platform/queues").await.json();
    assert_eq!(queues["silent"], json!([]));
    let expected = json!({
        "module": "forum", "name": "default", "paused": false, "ready": 3, "scheduled": 4, "waiting": 1, "running": 2,
        "dead": 0, "oldest_due": "2030-01-01T00:00:05Z",
        "limits": { "per_process": null, "at_most": null, "rate": null, "rate_seconds": null },
    });
    assert_eq!(queues["items"][0], expected);
}

#[tokio::test]
async fn task_tells_its_whole_life() {
    let console = Console::new().await;
    let id = console.forum().task(2, "forum.send_mail", TaskState::Dead);
    let life = console.get(&format!("/api/v1/platform/tasks/forum/{id}")).await.json();
    assert_eq!((&life["state"], &life["module"]), (&json!("dead"), &json!("forum")));
    assert_eq!(life["origin"]["operation"], "forum.post_reply");
    assert_eq!(life["origin"]["actor_name"], "Ada");
    assert_eq!(life["payload"]["token"], "***");
    let outcomes: Vec<_> = life["runs"].as_array().unwrap().iter().map(|run| run["outcome"].clone()).collect();
    assert_eq!(outcomes, ["failed", "failed", "dead"]);
    assert!(life["runs"][2]["error"].as_str().unwrap().contains("caused by"), "{life}");
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let console = Console::new().await;
    let id = console.forum().task(1, "forum.send_mail", TaskState::Done);
    let nothing = Uuid::nil();
    for (path, reason) in [
        (format!("tasks/forum/{nothing}"), "task.no_such_task"),
        (format!("tasks/ledger/{id}"), "task.no_such_task"),
        (format!("tasks/auth/{id}"), "platform.no_such_desk"),
        (format!("sagas/forum/{nothing}"), "saga.not_found"),
        ("tasks/forum/nonsense".to_owned(), "request.no_route"),
    ] {
        let refused = console.get(&format!("/api/v1/platform/{path}")).await;
        assert_eq!((refused.status, &refused.json()["reason"]), (StatusCode::NOT_FOUND, &json!(reason)), "{path}");
    }
}

#[tokio::test]
async fn schedules_and_sagas_tell_when_they_go_on() {
    let console = Console::new().await;
    console.forum().schedule("sweep_drafts", "forum.sweep_drafts", true);
    let stuck = console.ledger().saga(5, "stuck");
    console.forum().saga(6, "waiting");
    let schedules = console.get("/api/v1/platform/schedules").await.json();
    assert_eq!(schedules["items"][0]["next_tick"], "2030-01-02T00:00:00Z");
    assert_eq!(schedules["items"][0]["paused"], true);
    let all: BTreeSet<_> = console.get("/api/v1/platform/sagas").await.each("module").into_iter().collect();
    assert_eq!(all, ["forum".to_owned(), "ledger".to_owned()].into());
    let sagas = console.get("/api/v1/platform/sagas?state=stuck").await;
    assert_eq!(sagas.each("id"), [stuck.to_string()]);
    let first = &sagas.json()["items"][0];
    assert_eq!((&first["step"], &first["next_at"]), (&json!("transfer"), &json!("2030-01-01T02:00:00Z")));
    let life = console.get(&format!("/api/v1/platform/sagas/ledger/{stuck}")).await.json();
    let states: Vec<_> = life["steps"].as_array().unwrap().iter().map(|step| step["state"].clone()).collect();
    assert_eq!(states, ["done", "failed", "pending"]);
}
