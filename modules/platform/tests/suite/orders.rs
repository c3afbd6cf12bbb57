//! Orders reach the desk they are meant for, with whoever gave them and the key that makes a second one harmless.

use crate::console::Console;
use axum::http::{Method, StatusCode};
use kernel::{DeskOrder, QueueLimits, Role, TaskFilter, TaskState};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn each_route_gives_its_order() {
    let console = Console::new().await;
    console.forum().queue("default", 1, 1, None);
    let task = console.forum().task(1, "forum.send_mail", TaskState::Dead);
    let saga = console.forum().saga(2, "stuck");
    for (path, expected) in [
        (format!("tasks/forum/{task}/redrive"), DeskOrder::Redrive(task)),
        (format!("tasks/forum/{task}/cancel"), DeskOrder::Cancel(task)),
        ("queues/forum/default/pause".to_owned(), DeskOrder::Pause("default".into())),
        ("queues/forum/default/resume".to_owned(), DeskOrder::Resume("default".into())),
        ("schedules/forum/sweep/run-now".to_owned(), DeskOrder::RunNow("sweep".into())),
        ("schedules/forum/sweep/pause".to_owned(), DeskOrder::PauseSchedule("sweep".into())),
        ("schedules/forum/sweep/resume".to_owned(), DeskOrder::ResumeSchedule("sweep".into())),
        (format!("sagas/forum/{saga}/retry"), DeskOrder::RetrySaga(saga)),
        (format!("sagas/forum/{saga}/skip"), DeskOrder::SkipStep(saga)),
        (format!("sagas/forum/{saga}/compensate"), DeskOrder::CompensateSaga(saga)),
    ] {
        let answer = console.post(&format!("/api/v1/platform/{path}"), &json!({})).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "touched": 1 })), "{path}");
        let (caller, order) = console.forum().last_order();
        assert_eq!(order, expected, "{path}");
        assert_eq!(caller.actor.display_name, "Somebody");
        assert_eq!(caller.idempotency_key.unwrap().as_str(), "key-of-the-request");
    }
    assert!(console.ledger().orders.lock().unwrap().is_empty());
    let unknown = console.post("/api/v1/platform/schedules/forum/sweep/explode", &json!({})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn orders_need_no_database_of_the_console() {
    let console = Console::new().await;
    console.module.close().await;
    let answer = console.post("/api/v1/platform/schedules/forum/sweep/run-now", &json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn names_that_no_database_keeps_are_refused_at_their_field() {
    let console = Console::new().await;
    for (path, field) in [("queues/forum/a%00b/pause", "queue"), ("schedules/forum/a%00b/run-now", "name")] {
        let refused = console.post(&format!("/api/v1/platform/{path}"), &json!({})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert_eq!(refused.json()["errors"][0]["field"], field, "{path}");
    }
    let limits = json!({ "at_most": 1 });
    let path = "/api/v1/platform/queues/forum/a%00b/limits";
    let refused = console.json_as(Method::PUT, path, Some(Role::Administrator), &limits).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("queue"))
    );
    assert!(console.forum().orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn limits_are_set_as_they_were_written() {
    let console = Console::new().await;
    let path = "/api/v1/platform/queues/forum/default/limits";
    let put = async |body| console.json_as(Method::PUT, path, Some(Role::Administrator), &body).await;
    assert_eq!(put(json!({ "at_most": 8, "rate": 100, "rate_seconds": 60 })).await.status, StatusCode::OK);
    let limits = QueueLimits { per_process: None, at_most: Some(8), rate: Some((100, Duration::from_secs(60))) };
    assert_eq!(console.forum().last_order().1, DeskOrder::Limit("default".into(), limits));
    let refused = put(json!({ "at_most": 0 })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["field"], "at_most");
}

#[tokio::test]
async fn every_matching_dead_letter_is_redriven_wherever_it_is() {
    let console = Console::new().await;
    console.forum().task(1, "forum.send_mail", TaskState::Dead);
    console.forum().task(2, "forum.send_mail", TaskState::Done);
    console.ledger().task(3, "ledger.settle", TaskState::Dead);
    let all = console.post("/api/v1/platform/tasks/redrive", &json!({})).await.json();
    assert_eq!(all["count"], 2);
    let dead = TaskFilter { state: Some(TaskState::Dead), ..TaskFilter::default() };
    assert_eq!(console.ledger().last_order().1, DeskOrder::RedriveAll(dead));
    let one = console.post("/api/v1/platform/tasks/redrive", &json!({ "module": "forum" })).await.json();
    assert_eq!(one["items"], json!([{ "module": "forum", "count": 1 }]));
    let refused = console.post("/api/v1/platform/tasks/redrive", &json!({ "state": "done" })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(console.ledger().orders.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_desk_refuses_with_comes_back() {
    let console = Console::new().await;
    let done = console.forum().task(1, "forum.send_mail", TaskState::Done);
    let path = format!("/api/v1/platform/tasks/forum/{done}/redrive");
    let refused = console.post(&path, &json!({})).await;
    assert_eq!((refused.status, &refused.json()["reason"]), (StatusCode::CONFLICT, &json!("task.not_dead")));
    console.silence("forum", true);
    assert_eq!(console.post(&path, &json!({})).await.status, StatusCode::SERVICE_UNAVAILABLE);
    console.silence("forum", false);
    let nowhere = console.post("/api/v1/platform/queues/auth/default/pause", &json!({})).await;
    assert_eq!((nowhere.status, &nowhere.json()["reason"]), (StatusCode::NOT_FOUND, &json!("platform.no_such_desk")));
}
