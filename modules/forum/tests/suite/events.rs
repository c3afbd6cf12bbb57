//! What the forum tells others: events, audit entries, and answers in the other shape.

use crate::house::{ADA, API, BO, House, MO, person, text};
use axum::http::{StatusCode, header};
use serde_json::json;

const JSEND: &str = "application/json; profile=jsend";

#[tokio::test]
async fn every_change_is_told_once_under_its_key_and_audited() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let reply = text(&house.replies(BO, &thread, "A reply.").await.json()["id"]);
    let edit = house.ask("PUT", &format!("{API}/posts/{reply}")).by(BO).json(json!({ "body": "Better." })).await;
    edit.expect(StatusCode::OK);
    house.locks(&thread).await;
    let unlock = house.ask("DELETE", &format!("{API}/threads/{}/lock", thread.id)).by(MO).send().await;
    unlock.expect(StatusCode::NO_CONTENT);

    let (help, id) = (house.help().await, &*thread.id);
    let told = house.told().await;
    let events: Vec<_> =
        told.iter().map(|event| (event.kind.as_str(), event.key.as_str(), event.data.clone())).collect();
    let started = json!({
        "thread_id": id, "category_id": help, "author_id": person(1), "title": "A thread", "post_id": thread.post_id
    });
    let expected = [
        ("forum.category_created.v1", &*help, json!({ "category_id": help, "slug": "help", "name": "help" })),
        ("forum.thread_started.v1", id, started),
        ("forum.reply_posted.v1", id, json!({ "thread_id": id, "post_id": reply, "author_id": person(2) })),
        (
            "forum.post_edited.v1",
            id,
            json!({ "thread_id": id, "post_id": reply, "editor_id": person(2), "version": 2 }),
        ),
        ("forum.thread_locked.v1", id, json!({ "thread_id": id, "locked_by": person(3) })),
        ("forum.thread_unlocked.v1", id, json!({ "thread_id": id, "unlocked_by": person(3) })),
    ];
    assert_eq!(events, expected);

    let everything = house.everything_told().await;
    let audited: Vec<_> = everything.iter().filter(|event| event.kind == "forum.audit_entry.v1").collect();
    let operations: Vec<_> = audited.iter().map(|entry| entry.data["operation"].as_str().unwrap()).collect();
    let expected = [
        "forum.create_category",
        "forum.start_thread",
        "forum.post_reply",
        "forum.edit_post",
        "forum.lock_thread",
        "forum.unlock_thread",
    ];
    assert_eq!(operations, expected);
    let entry = &audited[2].data;
    assert_eq!(entry["resource"], format!("Thread/{id}"));
    assert_eq!(entry["policies"], json!(["forum/members_write"]));
    assert_eq!(entry["changes"], json!([format!("post/{reply}@1")]));
    assert_eq!(entry["events"], json!(["forum.reply_posted.v1"]));
}

#[tokio::test]
async fn success_and_failure_come_as_jsend_to_whoever_asks_for_it() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let path = format!("{API}/threads/{}", thread.id);
    let good = house.get(&path).header("accept", JSEND).send().await.expect(StatusCode::OK);
    let plain = house.get(&path).send().await.json();
    assert_eq!(good.json(), json!({ "status": "success", "data": plain }));
    let bad = house.post(&format!("{path}/posts")).by(BO).header("accept", JSEND).json(json!({ "body": "" })).await;
    let bad = bad.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.header(header::CONTENT_TYPE).starts_with("application/json"));
    assert_eq!((&bad.json()["status"], &bad.json()["data"]["reason"]), (&json!("fail"), &json!("request.invalid")));
    assert_eq!(bad.json()["data"]["errors"][0]["field"], "body");
    let problem = house.post(&format!("{path}/posts")).by(BO).json(json!({ "body": "" })).await;
    assert_eq!(problem.header(header::CONTENT_TYPE), "application/problem+json");
}
