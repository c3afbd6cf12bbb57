//! How much a process takes on, and when it hears that there is something to take.

use crate::at_work::{AtWork, quick};
use crate::mill::{Mill, Put, Shelf, new_id};
use crate::trouble::Watched;
use kernel::{Fault, TaskQueue};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use taskmill::{Ran, Task, TaskContext, Tasks, WorkerOptions};
use testkit::Engine;
use tokio_util::sync::CancellationToken;

/// Puts its name on the shelf when its process holds more than so many tasks, and is done.
#[derive(Serialize, Deserialize)]
struct Shy {
    company: i64,
}

#[async_trait::async_trait]
impl Task for Shy {
    type Module = Shelf;
    const KIND: &'static str = "shelf.shy";

    async fn run(&self, shelf: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        if shelf.count("task_running").await > self.company {
            let put = Put(new_id(), "too many".into());
            shelf.store.commit(shelf.permit(&context.caller()), put, vec![], ()).await?;
        }
        Ok(Ran::DONE)
    }
}

/// Takes as long as the process lives, or no time at all.
#[derive(Serialize, Deserialize)]
struct Wait {
    long: bool,
}

#[async_trait::async_trait]
impl Task for Wait {
    type Module = Shelf;
    const KIND: &'static str = "shelf.wait";

    async fn run(&self, _: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        if self.long {
            context.stop().cancelled().await;
            std::future::pending::<()>().await;
        }
        Ok(Ran::DONE)
    }
}

fn tasks(shelf: &Arc<Shelf>) -> Tasks<Shelf> {
    Tasks::of(shelf.clone()).task::<Shy>().task::<Wait>()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_that_starts_keeps_to_the_limit_of_a_queue_from_its_first_claim_on(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let (queue, operator) = (mill.queue(), new_id());
    queue.join(operator, "by hand", &["default"]).await.unwrap();
    queue.leave(operator).await.unwrap();
    mill.shelf.change("UPDATE task_queues SET per_process = 1").await;
    mill.enqueue((0..16).map(|_| Shy { company: 1 }.task()).collect()).await;
    let patient = WorkerOptions { poll: Duration::from_secs(3_600), ..quick() };
    let worker = AtWork::with(&mill.shelf, tasks(&mill.shelf), patient);
    mill.shelf.until("task_runs WHERE outcome = 'done'", 16).await;
    worker.stop().await;
    assert!(mill.shelf.names().await.is_empty(), "{:?}", mill.shelf.names().await);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_claimed_ahead_go_back_when_they_turn_out_long(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    // The long ones are found in the midst of a burst.
    let burst = (0..3_000).map(|n| Wait { long: n >= 2_000 }.task());
    mill.enqueue(burst.collect()).await;
    let options = WorkerOptions { drain: Duration::ZERO, ..quick() };
    let worker = AtWork::with(&mill.shelf, tasks(&mill.shelf), options);
    mill.shelf.until("task_runs WHERE outcome = 'done'", 2_000).await;
    mill.shelf.until("task_running", 16).await;
    assert_eq!(mill.shelf.count("task_ready WHERE attempts = 0").await, 984);
    assert_eq!(mill.shelf.count("task_runs").await, 2_000, "what was never begun is not told");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the test is the supervisor")]
async fn process_hears_at_once_of_tasks_that_another_one_enqueues_on_postgres() {
    let Some(mill) = Mill::on(Engine::Postgres).await else { return };
    let shelf = mill.elsewhere().await;
    let queue = Arc::new(Watched::of(&shelf));
    let patient = WorkerOptions { poll: Duration::from_secs(30), ..quick() };
    let worker = AtWork::on(&shelf, queue.clone(), tasks(&shelf), patient);
    // By then it looks no more than every two seconds.
    queue.waits(Duration::from_secs(2)).await;
    // The process that enqueues has no worker; it passes signals on as soon as it listens itself.
    let stop = CancellationToken::new();
    let teller = tokio::spawn(mill.shelf.store.clone().run_wake(stop.clone()));
    mill.shelf.until("pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'", 2).await;
    let heard = queue.heard();
    mill.enqueue(vec![Wait { long: false }.task()]).await;
    queue.hears_more_than(heard).await;
    mill.shelf.until("task_runs WHERE outcome = 'done'", 1).await;
    worker.stop().await;
    stop.cancel();
    teller.await.unwrap();
}
