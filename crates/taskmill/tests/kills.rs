//! `kill -9` in a loop under load: nothing is lost, and what handlers commit is there once.
//!
//! Small by default. The long run is `POLITY_KILLS=200 POLITY_TASKS=100000 cargo nextest run -p taskmill --test kills`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a test reports by failing, and is its own supervisor"
)]

mod mill;

use kernel::{Fault, SystemClock, SystemIds};
use mill::{Mill, Put, Shelf, new_id};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::SqlTaskQueue;
use taskmill::{Ran, Task, TaskContext, Tasks, Terms, Worker, WorkerOptions};
use testkit::Engine;
use tokio_util::sync::CancellationToken;

/// Where the child process finds the database.
const URL: &str = "POLITY_KILLS_URL";

/// Puts its name on the shelf, in the commit that ends it.
#[derive(Serialize, Deserialize)]
struct PutOnce {
    name: String,
}

#[async_trait::async_trait]
impl Task for PutOnce {
    type Module = Shelf;
    const KIND: &'static str = "shelf.put_once";

    fn terms() -> Terms {
        // Every kill is a lost attempt of whatever was running.
        Terms { max_attempts: 10_000, ..Terms::default() }
    }

    async fn run(&self, shelf: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        let permit = shelf.permit(&context.ending(json!(null)));
        shelf.store.commit(permit, Put(new_id(), self.name.clone()), vec![], ()).await?;
        Ok(Ran::DONE)
    }
}

/// What a child process does: it works until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_process() {
    let Ok(url) = std::env::var(URL) else { return };
    let shelf = Arc::new(mill::shelf(&url).await);
    let tasks = Arc::new(Tasks::of(shelf.clone()).task::<PutOnce>());
    let options = WorkerOptions {
        lease: Duration::from_millis(600),
        poll: Duration::from_millis(100),
        ..WorkerOptions::default()
    };
    let queue = Arc::new(SqlTaskQueue::of(&shelf.store));
    let worker = Worker::new("shelf", queue, tasks, Arc::new(SystemClock), Arc::new(SystemIds), options);
    worker.run(CancellationToken::new()).await;
}

fn start(url: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["worker_process", "--exact", "--nocapture"]).env(URL, url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_workers_in_a_loop_loses_nothing_and_doubles_nothing(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let (kills, tasks) = (number("POLITY_KILLS", 10), number("POLITY_TASKS", 2_000));
    let names: Vec<String> = (0..tasks).map(|n| format!("task {n:07}")).collect();
    let mut workers = [start(&mill.database.url), start(&mill.database.url)];
    let share = tasks.div_ceil(kills);
    for (round, names) in names.chunks(share).enumerate() {
        mill.enqueue(names.iter().map(|name| PutOnce { name: name.clone() }.task()).collect()).await;
        // Not before it has done something, so that it is killed at work and not on its way there.
        let done = mill.shelf.count("shelf").await;
        let patience = Instant::now() + Duration::from_secs(30);
        while mill.shelf.count("shelf").await <= done && mill.shelf.count("task_ready").await > 0 {
            assert!(Instant::now() < patience, "nobody works: {done} done after {round} kills");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let worker = &mut workers[round % 2];
        worker.kill().unwrap();
        worker.wait().unwrap();
        *worker = start(&mill.database.url);
    }
    let rows = i64::try_from(tasks).unwrap();
    let patience = Instant::now() + Duration::from_secs(240);
    while mill.shelf.count("task_ready").await + mill.shelf.count("task_running").await > 0 {
        assert!(Instant::now() < patience, "{} of {rows} done", mill.shelf.count("shelf").await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for worker in &mut workers {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    let lost = mill.shelf.count("task_runs WHERE outcome = 'lost'").await;
    println!("{tasks} tasks, {kills} kills, {lost} attempts lost with their process");
    assert_eq!(mill.shelf.names().await, names);
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'done'").await, rows);
    assert_eq!(mill.shelf.count("task_dead").await, 0);
}
