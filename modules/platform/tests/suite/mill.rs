//! The console over a real desk: what is enqueued in a module's database is found, told, and put right from here.

use crate::console::Console;
use axum::http::StatusCode;
use kernel::{
    Actor, Claimed, Ending, EventLog, Ids, NewTask, Position, Role, Settlement, TaskOrigin, TaskQueue, TenantId, UserId,
};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use store::{Outbox, SqlTaskQueue, Store, StoreOptions};
use taskmill::{Desk, Terms, TermsOf};
use testkit::{Engine, TestDatabase};
use uuid::Uuid;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        store::base_migrations()
    }
}

/// The console beside a module that keeps real tasks.
struct Mill {
    console: Console,
    store: Store,
    queue: SqlTaskQueue,
    holder: Uuid,
    _database: TestDatabase,
}

impl Mill {
    async fn new() -> Self {
        let (console, database) = (Console::new().await, TestDatabase::new(Engine::Sqlite).await.unwrap());
        let (clock, ids) = (console.clock.clone(), console.ids.clone());
        let store = Store::open("mill", &StoreOptions::at(&database.url), &[], clock, ids).await.unwrap();
        store::migrate::<Migrator>(&store).await.unwrap();
        let terms = TermsOf::from([("mill.grind", Terms { secrets: &["token"], ..Terms::default() })]);
        console.beside("mill", Arc::new(Desk::new(&store, console.gate.clone(), terms)));
        let (queue, holder) = (SqlTaskQueue::of(&store), console.ids.next());
        queue.join(holder, "host:4711", &["grain"]).await.unwrap();
        Self { console, store, queue, holder, _database: database }
    }

    async fn enqueue(&self, count: usize) {
        let ada = Actor::user(TenantId::FIRST, UserId(Uuid::from_u128(7)), Role::Member, "Ada");
        let origin = TaskOrigin {
            actor: ada,
            operation: "mill.order_flour".into(),
            ..TaskOrigin::service(TenantId::FIRST, "x")
        };
        let task = NewTask::new("mill.grind", 1, json!({ "sack": 1, "token": "hunter2" })).on("grain");
        self.queue.enqueue(&origin, vec![task; count]).await.unwrap();
    }

    async fn claim(&self) -> Vec<Claimed> {
        self.queue.claim(self.holder, "grain", 1).await.unwrap().tasks
    }

    /// Somebody tries one task for the last time.
    async fn breaks(&self) -> Uuid {
        let task = self.claim().await.remove(0);
        let id = task.id;
        let ending = Ending::Dead { error: "the stone broke".into() };
        self.queue.settle(self.holder, &[Settlement { task, ending }]).await.unwrap();
        id
    }
}

#[tokio::test]
async fn what_a_module_keeps_is_found_and_told_with_its_secrets_masked() {
    let mill = Mill::new().await;
    mill.enqueue(3).await;
    let dead = mill.breaks().await;
    let queues = mill.console.get("/api/v1/platform/queues?module=mill").await.json();
    let grain = queues["items"].as_array().unwrap().iter().find(|queue| queue["name"] == "grain").unwrap();
    assert_eq!((&grain["ready"], &grain["dead"]), (&json!(2), &json!(1)));
    let mut seen = Vec::new();
    let mut path = "/api/v1/platform/tasks?limit=1&kind=mill.grind".to_owned();
    loop {
        let page = mill.console.get(&path).await;
        seen.extend(page.each("state"));
        let Some(next) = page.json()["next"].as_str().map(str::to_owned) else { break };
        path = format!("/api/v1/platform/tasks?limit=1&kind=mill.grind&cursor={next}");
    }
    seen.sort();
    assert_eq!(seen, ["dead", "ready", "ready"]);
    let life = mill.console.get(&format!("/api/v1/platform/tasks/mill/{dead}")).await.json();
    assert_eq!(life["origin"]["operation"], "mill.order_flour");
    assert_eq!(life["runs"][0]["error"], "the stone broke");
    assert!(!life.to_string().contains("hunter2"), "{life}");
    let page = mill.console.get(&format!("/platform/tasks/mill/{dead}")).await;
    page.shows(&["the stone broke", "mill.order_flour", "Redrive"]);
}

#[tokio::test]
async fn order_given_twice_acts_once_and_is_in_the_modules_record() {
    let mill = Mill::new().await;
    mill.enqueue(1).await;
    let dead = mill.breaks().await;
    for _ in 0..2 {
        let path = format!("/api/v1/platform/tasks/mill/{dead}/redrive");
        let answer = mill.console.post(&path, &json!({})).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "touched": 1 })));
    }
    assert_eq!(mill.claim().await.iter().map(|task| task.id).collect::<Vec<_>>(), [dead]);
    assert!(mill.claim().await.is_empty());
    let log = Outbox::of(&mill.store).read(Position::START, 100, Duration::ZERO).await.unwrap();
    let entries: Vec<_> = log.events.iter().map(|sequenced| &sequenced.event).collect();
    let entries: Vec<_> = entries.iter().filter(|event| event.kind == "mill.audit_entry.v1").collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].data["operation"], "platform.order_tasks");
    assert_eq!(entries[0].data["actor_name"], "Somebody");
}

#[tokio::test]
async fn paused_queue_starts_nothing_until_it_goes_on() {
    let mill = Mill::new().await;
    mill.enqueue(1).await;
    let order = async |order: &str| mill.console.form(&format!("/platform/queues/mill/grain/{order}"), "").await.status;
    assert_eq!(order("pause").await, StatusCode::SEE_OTHER);
    assert!(mill.claim().await.is_empty());
    assert_eq!(order("resume").await, StatusCode::SEE_OTHER);
    assert_eq!(mill.claim().await.len(), 1);
    assert_eq!(mill.console.form("/platform/queues/mill/nowhere/pause", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_dead_letter_is_redriven_by_its_filter() {
    let mill = Mill::new().await;
    mill.enqueue(3).await;
    for _ in 0..3 {
        mill.breaks().await;
    }
    let count = mill.console.get("/api/v1/platform/tasks/count?state=dead&kind=mill.grind").await.json();
    assert_eq!(count["count"], 3);
    let redriven = mill.console.post("/api/v1/platform/tasks/redrive", &json!({ "kind": "mill.grind" })).await.json();
    assert_eq!(redriven["items"].as_array().unwrap().iter().find(|item| item["module"] == "mill").unwrap()["count"], 3);
    let count = mill.console.get("/api/v1/platform/tasks/count?state=dead&kind=mill.grind").await.json();
    assert_eq!(count["count"], 0);
}
