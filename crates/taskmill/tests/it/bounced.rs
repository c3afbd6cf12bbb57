//! Tasks that this process cannot read, and that another one may be able to.

use crate::at_work::{AtWork, quick};
use crate::mill::{Mill, Put, Shelf, new_id};
use kernel::{Fault, NewTask, TaskQueue};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use taskmill::{Ran, Task, TaskContext, Tasks, Terms};
use testkit::Engine;

/// Known to the newer program alone, or in its newer shape to it alone. It must not be tried twice.
#[derive(Serialize, Deserialize)]
struct Newer<const VERSION: i32> {}

#[async_trait::async_trait]
impl<const VERSION: i32> Task for Newer<VERSION> {
    type Module = Shelf;
    const KIND: &'static str = "shelf.newer";
    const VERSION: i32 = VERSION;

    fn terms() -> Terms {
        Terms { max_attempts: 1, ..Terms::default() }
    }

    async fn run(&self, shelf: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        let put = Put(new_id(), format!("attempt {}", context.task().attempt));
        shelf.store.commit(shelf.permit(&context.caller()), put, vec![], ()).await?;
        Ok(Ran::DONE)
    }
}

fn older(shelf: &Arc<Shelf>, knows_it: bool) -> AtWork {
    let tasks = Tasks::of(shelf.clone());
    AtWork::with(shelf, if knows_it { tasks.task::<Newer<1>>() } else { tasks }, quick())
}

fn newer(shelf: &Arc<Shelf>) -> AtWork {
    AtWork::with(shelf, Tasks::of(shelf.clone()).task::<Newer<2>>(), quick())
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn task_that_an_older_process_cannot_read_waits_for_a_newer_one(
    #[case] engine: Engine,
    #[values(true, false)] knows_its_kind: bool,
) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![Newer::<2> {}.task()]).await;
    let worker = older(&mill.shelf, knows_its_kind);
    mill.shelf.until("task_runs", 1).await;
    worker.stop().await;
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'snoozed'").await, 1);
    assert_eq!(mill.shelf.count("task_ready WHERE attempts = 0").await, 1, "it was no attempt");
    let worker = newer(&mill.shelf);
    mill.shelf.until("task_runs WHERE outcome = 'done'", 1).await;
    worker.stop().await;
    assert_eq!(mill.shelf.names().await, ["attempt 1"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn task_that_nobody_could_read_for_a_week_is_a_dead_letter(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let kind = |kind: &'static str| NewTask::new(kind, 1, json!({}));
    mill.enqueue(vec![kind("shelf.old"), kind("shelf.planned")]).await;
    mill.shelf.change("UPDATE tasks SET enqueued_us = enqueued_us - 604900000000").await;
    let old = "UPDATE task_ready SET token = 1100 WHERE task_id = (SELECT id FROM tasks WHERE kind = 'shelf.old')";
    mill.shelf.change(old).await;
    let worker = older(&mill.shelf, false);
    mill.shelf.until("task_runs", 2).await;
    worker.stop().await;
    assert_eq!(mill.shelf.count("task_dead WHERE kind = 'shelf.old'").await, 1);
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'snoozed'").await, 1, "it was planned long before");
    let error = mill.shelf.text("SELECT error FROM task_runs WHERE outcome = 'dead'").await;
    assert!(error.contains("shelf.old is not known"), "{error}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn task_whose_attempts_were_all_lost_is_a_dead_letter_that_says_so(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![Newer::<2> {}.task()]).await;
    let (queue, gone) = (mill.queue(), new_id());
    queue.join(gone, "by hand", &["default"]).await.unwrap();
    assert_eq!(queue.claim(gone, "default", 1).await.unwrap().tasks.len(), 1);
    assert_eq!(queue.rescue(gone, 0).await.unwrap(), 1);
    let worker = newer(&mill.shelf);
    mill.shelf.until("task_dead", 1).await;
    worker.stop().await;
    let error = mill.shelf.text("SELECT error FROM task_runs WHERE outcome = 'dead'").await;
    assert!(error.contains("1 attempt") && error.contains("lost"), "{error}");
    assert!(mill.shelf.names().await.is_empty());
}
