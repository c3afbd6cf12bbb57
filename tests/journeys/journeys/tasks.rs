//! Tasks on their way through real processes: ordered at the console or the shell, done by whoever is there, held back
//! while their queue is paused, handed back by a process that goes.

use crate::client::Client;
use crate::stack::{Stack, Topology};
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use store::{Store, statement};
use testkit::{Engine, eventually};

const SWEEP: &str = "/api/v1/platform/schedules/auth/auth.sweep_sessions/run-now";
const COUNT_AGAIN: &str = "/api/v1/platform/schedules/forum/forum.reconcile_counts/run-now";

/// The founder, once the console lets them in.
async fn operator(stack: &Stack) -> Client {
    let founder = stack.founder().await;
    eventually("every module answers the founder", async || {
        let queues = founder.get("/api/v1/platform/queues").await;
        queues.status.is_success() && queues.json()["silent"] == serde_json::json!([])
    })
    .await;
    founder
}

/// The module's tasks, the newest first.
async fn tasks(operator: &Client, module: &str) -> Vec<Value> {
    let listed = operator.get(&format!("/api/v1/platform/tasks?module={module}")).await.ok();
    listed["items"].as_array().unwrap().clone()
}

async fn states(operator: &Client, module: &str) -> Vec<String> {
    tasks(operator, module).await.iter().map(|task| task["state"].as_str().unwrap().to_owned()).collect()
}

/// An order is given, and touches something.
async fn orders(operator: &Client, path: &str) {
    let given = operator.post(path, &Value::Null).await.ok();
    assert_eq!(given["touched"], 1, "{path}");
}

/// Once the schedule is known to the database.
async fn knows_schedule(operator: &Client, name: &str) {
    eventually("the schedule is known", async || {
        let schedules = operator.get("/api/v1/platform/schedules").await.ok();
        schedules["items"].as_array().unwrap().iter().any(|schedule| schedule["name"] == name)
    })
    .await;
}

async fn number(store: &Store, sql: &str) -> i64 {
    let row = store.primary().query_one_raw(statement(store.backend(), sql, [])).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

#[rstest]
#[case::all_in_one_on_sqlite(Topology::AllInOne, Engine::Sqlite)]
#[case::all_in_one_on_postgres(Topology::AllInOne, Engine::Postgres)]
#[case::all_in_one_on_mariadb(Topology::AllInOne, Engine::MariaDb)]
#[case::apart_on_sqlite(Topology::Apart, Engine::Sqlite)]
#[case::apart_on_postgres(Topology::Apart, Engine::Postgres)]
#[case::apart_on_mariadb(Topology::Apart, Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_orders_is_done_and_can_be_read(#[case] topology: Topology, #[case] engine: Engine) {
    let Some(stack) = Stack::start(topology, engine).await else { return };
    let operator = operator(&stack).await;
    knows_schedule(&operator, "auth.sweep_sessions").await;
    orders(&operator, SWEEP).await;
    eventually("the sweep is done", async || states(&operator, "auth").await == ["done"]).await;
    let id = tasks(&operator, "auth").await[0]["id"].as_str().unwrap().to_owned();
    let life = operator.get(&format!("/api/v1/platform/tasks/auth/{id}")).await.ok();
    assert_eq!(
        life["result"],
        serde_json::json!({ "sessions": 0, "refresh_tokens": 0, "mail_links": 0, "wrong_guesses": 0, "invitations": 0 })
    );
    assert_eq!((&life["attempts"], &life["runs"][0]["outcome"]), (&1.into(), &"done".into()), "{life}");

    let said = stack.shell(&["platform", "schedules", "run-now", "auth", "auth.sweep_sessions", "--json"]);
    assert!(said.contains('1'), "{said}");
    eventually("what the shell orders is done too", async || states(&operator, "auth").await == ["done", "done"]).await;

    // While its queue is paused a task waits, although others are done meanwhile.
    orders(&operator, "/api/v1/platform/queues/auth/default/pause").await;
    orders(&operator, SWEEP).await;
    knows_schedule(&operator, "forum.reconcile_counts").await;
    orders(&operator, COUNT_AGAIN).await;
    eventually("the forum's is done", async || states(&operator, "forum").await == ["done"]).await;
    assert_eq!(states(&operator, "auth").await, ["ready", "done", "done"]);
    orders(&operator, "/api/v1/platform/queues/auth/default/resume").await;
    eventually("it is done at last", async || states(&operator, "auth").await == ["done", "done", "done"]).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_that_is_told_to_stop_leaves_nothing_behind(#[case] engine: Engine) {
    let Some(mut stack) = Stack::start(Topology::Apart, engine).await else { return };
    let operator = operator(&stack).await;
    let auth = stack.database("auth").await;
    let holders = "SELECT COUNT(*) AS n FROM task_holders";
    eventually("the worker is there", async || number(&auth, holders).await == 1).await;

    stack.process("run-auth-taskmill-worker").terminate().await;
    assert_eq!(number(&auth, holders).await, 0, "its lease would last for longer than it took to go");
    orders(&operator, SWEEP).await;
    assert_eq!(states(&operator, "auth").await, ["ready"]);

    stack.run("run-auth-taskmill-worker", 0, 0).await;
    eventually("its successor does it", async || states(&operator, "auth").await == ["done"]).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_schedulers_make_up_for_a_missed_tick_once(#[case] engine: Engine) {
    let Some(mut stack) = Stack::start(Topology::Split, engine).await else { return };
    let operator = operator(&stack).await;
    let forum = stack.database("forum").await;
    // It ticks once a day and began a moment ago: a day further back it has missed one tick, whatever the time of day.
    let back = "UPDATE task_schedules SET mark_us = mark_us - 86400000000 WHERE name = 'forum.reconcile_counts'";
    let behind = "SELECT COUNT(*) AS n FROM task_schedules WHERE next_us - mark_us > 86400000000";
    knows_schedule(&operator, "forum.reconcile_counts").await;
    stack.kill("run-forum").await;
    assert_eq!(forum.note(statement(forum.backend(), back, [])).await.unwrap(), 1);
    assert_eq!(number(&forum, behind).await, 1);

    // While the task waits a second one would be dropped, and nobody would see that it was fired: so a worker is there.
    stack.run("run-forum-taskmill-worker", 0, 0).await;
    stack.run("run-forum-taskmill-scheduler", 0, 0).await;
    stack.run("run-forum-taskmill-scheduler", 0, 0).await;
    // The operator's questions are answered by one more process, which is a third scheduler.
    stack.start_again("run-forum").await;
    eventually("the tick is made up for", async || states(&operator, "forum").await == ["done"]).await;
    // All have looked when they started, long before the next order is carried out.
    orders(&operator, COUNT_AGAIN).await;
    eventually("the order is carried out", async || states(&operator, "forum").await == ["done", "done"]).await;
    assert_eq!(number(&forum, behind).await, 0);
}
