//! Workers at work.

use crate::at_work::{AtWork, quick};
use crate::mill::{Mill, Put, Shelf, new_id};
use kernel::Fault;
use rstest::rstest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use taskmill::{Ran, Retry, Task, TaskContext, Tasks, Terms};
use testkit::Engine;

/// Puts its name on the shelf, ending with the commit.
#[derive(Serialize, Deserialize)]
struct PutThere {
    name: String,
}

#[async_trait::async_trait]
impl Task for PutThere {
    type Module = Shelf;
    const KIND: &'static str = "shelf.put_there";

    async fn run(&self, shelf: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        let permit = shelf.permit(&context.ending(json!({ "put": self.name })));
        shelf.store.commit(permit, Put(new_id(), self.name.clone()), vec![], ()).await?;
        Ok(Ran::DONE)
    }
}

/// Fails twice, then counts.
#[derive(Serialize, Deserialize)]
struct Stubborn;

#[async_trait::async_trait]
impl Task for Stubborn {
    type Module = Shelf;
    const KIND: &'static str = "shelf.stubborn";

    fn terms() -> Terms {
        let pause = std::time::Duration::from_millis(5);
        Terms { retry: Retry { first: pause, longest: pause }, max_attempts: 3, ..Terms::default() }
    }

    async fn run(&self, _: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        if context.task().attempt < 3 {
            return Err(Fault::invalid("patience", "is not enough"));
        }
        Ok(Ran::Done(json!(context.task().attempt)))
    }
}

/// Panics each time.
#[derive(Serialize, Deserialize)]
struct Poison;

#[async_trait::async_trait]
impl Task for Poison {
    type Module = Shelf;
    const KIND: &'static str = "shelf.poison";

    fn terms() -> Terms {
        Terms { max_attempts: 2, ..Stubborn::terms() }
    }

    async fn run(&self, _: &Shelf, _: &TaskContext) -> Result<Ran, Fault> {
        panic!("poison")
    }
}

fn tasks(shelf: &std::sync::Arc<Shelf>) -> Tasks<Shelf> {
    Tasks::of(shelf.clone()).task::<PutThere>().task::<Stubborn>().task::<Poison>()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_task_is_done_once_whatever_the_number_of_workers(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let names: Vec<String> = (0..500).map(|n| format!("task {n:03}")).collect();
    mill.enqueue(names.iter().map(|name| PutThere { name: name.clone() }.task()).collect()).await;
    let (one, other) = (mill.shelf.clone(), mill.elsewhere().await);
    let workers = [AtWork::with(&one, tasks(&one), quick()), AtWork::with(&other, tasks(&other), quick())];
    mill.shelf.until("task_runs", 500).await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(mill.shelf.names().await, names);
    for table in ["task_ready", "task_running", "task_holders"] {
        assert_eq!(mill.shelf.count(table).await, 0, "{table}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn failure_is_tried_again_and_poison_becomes_a_dead_letter_without_blocking(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![Poison.task(), Stubborn.task(), PutThere { name: "after".into() }.task()]).await;
    let worker = AtWork::with(&mill.shelf, tasks(&mill.shelf), quick());
    // Two attempts at the poison, three of the stubborn one, one of the other.
    mill.shelf.until("task_runs", 6).await;
    worker.stop().await;
    assert_eq!(mill.shelf.count("task_dead").await, 1);
    assert_eq!(mill.shelf.names().await, ["after"]);
}
