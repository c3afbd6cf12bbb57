//! Log-ins of people who never come back, and the task that forgets them.

use crate::house::House;
use axum::http::StatusCode;
use kernel::{Ids, NewTask, SystemIds, TaskOrigin, TaskQueue, TaskState, TenantId};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use store::{SqlTaskQueue, Store, StoreOptions, placeholders, statement};
use testkit::Engine;

const TASK: &str = "auth.sweep_sessions";
const DAY_S: u64 = 24 * 3_600;

/// Auth's database as another process sees it.
pub(crate) async fn elsewhere(house: &House) -> Store {
    let options = StoreOptions::of(&house.settings, "auth");
    Store::open("auth", &options, &[], house.clock.clone(), Arc::new(SystemIds)).await.unwrap()
}

/// Many sessions of whoever has one, as if they had logged in that often.
async fn multiplies_sessions(store: &Store, times: usize) {
    let values = (0..times).map(|_| SystemIds.next().into());
    let sql = format!(
        "INSERT INTO sessions (id, tenant_id, user_id, token_hash, created_at, last_seen_at, expires_at) \
         SELECT n.column1, s.tenant_id, s.user_id, CONCAT('made up ', ROW_NUMBER() OVER ()), s.created_at, \
         s.last_seen_at, s.expires_at FROM sessions s CROSS JOIN (VALUES {}) AS n",
        placeholders(times, 1)
    );
    store.note(statement(store.backend(), sql, values)).await.unwrap();
}

/// What the task came to.
async fn sweeps(store: &Store) -> Value {
    ran(store, TASK).await
}

/// What a task of that kind came to, enqueued now.
pub(crate) async fn ran(store: &Store, kind: &'static str) -> Value {
    let origin = TaskOrigin::service(TenantId::FIRST, "tests");
    let enqueued = SqlTaskQueue::of(store).enqueue(&origin, vec![NewTask::new(kind, 1, json!({}))]).await.unwrap();
    let done = testkit::within(testkit::PATIENCE, async || {
        let life = store.task_life(enqueued[0].id()).await.unwrap().unwrap();
        (life.summary.state == TaskState::Done).then_some(life.result)
    });
    done.await.unwrap_or_else(|| panic!("{kind} is not done")).unwrap_or_default()
}

/// No wrong guess is old enough in these tests.
fn forgotten(sessions: u64, refresh_tokens: u64, mail_links: u64) -> Value {
    json!({
        "sessions": sessions, "refresh_tokens": refresh_tokens, "mail_links": mail_links, "wrong_guesses": 0,
        "invitations": 0,
    })
}

async fn commits_of_the_task(house: &House) -> usize {
    house.everything_logged().await.iter().filter(|event| event.operation == TASK).count()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_has_expired_is_forgotten_and_nothing_else(#[case] engine: Engine) {
    let Some(house) = House::on(engine, |_| {}).await else { return };
    let store = elsewhere(&house).await;
    let _workers = house.works();
    house.register("ada").await;
    house.mails("ada@example.org", "Is this your e-mail address?", 1).await;
    house.log_in("ada").await;
    house.tokens("ada").await;
    house.advance(91 * DAY_S);
    house.register("bob").await;
    let (session, (access, refresh)) = (house.log_in("bob").await, house.tokens("bob").await);

    assert_eq!(sweeps(&store).await, forgotten(1, 1, 1));
    assert_eq!(commits_of_the_task(&house).await, 1);
    assert_eq!(house.get("/api/v1/auth/me").session(&session).send().await.status, StatusCode::OK);
    assert_eq!(house.get("/api/v1/auth/me").bearer(&access).send().await.status, StatusCode::OK);
    assert_eq!(house.refresh(&refresh).await.status, StatusCode::OK);

    assert_eq!(sweeps(&store).await, forgotten(0, 0, 0));
    assert_eq!(commits_of_the_task(&house).await, 1, "where nothing goes nothing is written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_log_ins_go_batch_by_batch() {
    let house = House::new().await;
    let store = elsewhere(&house).await;
    house.register("ada").await;
    house.log_in("ada").await;
    multiplies_sessions(&store, 1_200).await;
    house.advance(91 * DAY_S);
    let _workers = house.works();
    assert_eq!(sweeps(&store).await, forgotten(1_201, 0, 0));
    assert_eq!(commits_of_the_task(&house).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sweeps_at_once_count_nobody_twice() {
    let house = House::new().await;
    let store = elsewhere(&house).await;
    house.register("ada").await;
    house.log_in("ada").await;
    multiplies_sessions(&store, 1_200).await;
    house.advance(91 * DAY_S);
    let _workers = house.works();
    let (one, other) = tokio::join!(sweeps(&store), sweeps(&store));
    assert_eq!(one["sessions"].as_u64().unwrap() + other["sessions"].as_u64().unwrap(), 1_201, "{one} {other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_guesses_are_forgotten_after_a_day() {
    let house = House::new().await;
    let store = elsewhere(&house).await;
    let _workers = house.works();
    let guess = json!({ "email": "nobody@example.org", "password": "wrong password" });
    house.post("/api/v1/auth/tokens").from("192.0.2.1").json(guess).await;
    assert_eq!(sweeps(&store).await["wrong_guesses"], 0);
    house.advance(DAY_S + 1);
    assert_eq!(sweeps(&store).await["wrong_guesses"], 3, "at the account, from the address, and both");
    assert_eq!(sweeps(&store).await["wrong_guesses"], 0);
}
