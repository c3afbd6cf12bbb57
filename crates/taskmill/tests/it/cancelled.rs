//! Tasks that somebody asked to stop and whose process then dies, drains or loses them: they end, and are not run again.

use crate::at_work::{AtWork, quick};
use crate::mill::{Mill, Put, Shelf, new_id};
use kernel::{
    Actor, Caller, Claimed, DeskOrder, Enqueued, Fault, Held, Lane, NewTask, Second, TaskDesk, TaskOrigin, TaskQueue,
    TenantId,
};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use taskmill::{Desk, Ran, Task, TaskContext, Tasks, TermsOf};
use testkit::Engine;
use uuid::Uuid;

/// Puts its name on the shelf.
#[derive(Serialize, Deserialize)]
struct PutIt {
    name: String,
}

#[async_trait::async_trait]
impl Task for PutIt {
    type Module = Shelf;
    const KIND: &'static str = "shelf.put_it";

    async fn run(&self, shelf: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        shelf.store.commit(shelf.permit(&context.caller()), Put(new_id(), self.name.clone()), vec![], ()).await?;
        Ok(Ran::DONE)
    }
}

fn put(name: &str) -> NewTask {
    PutIt { name: name.to_owned() }.task()
}

async fn enqueued(mill: &Mill, task: NewTask) -> Enqueued {
    let origin = TaskOrigin::service(TenantId::FIRST, "tests");
    mill.queue().enqueue(&origin, vec![task]).await.unwrap().remove(0)
}

/// A process that does nothing by itself.
async fn process(mill: &Mill) -> Uuid {
    let holder = new_id();
    mill.queue().join(holder, "by hand", &["default"]).await.unwrap();
    holder
}

/// What the process gets when it asks for everything.
async fn claimed(mill: &Mill, holder: Uuid) -> Vec<Claimed> {
    mill.queue().claim(holder, "default", 100).await.unwrap().tasks
}

async fn ask_to_stop(mill: &Mill, task: Uuid) {
    let desk = Desk::new(&mill.shelf.store, mill.shelf.gate.clone(), TermsOf::default());
    let caller = Caller::new(Actor::service(TenantId::FIRST, "operator"), "request");
    assert_eq!(desk.order(&caller, DeskOrder::Cancel(task)).await.unwrap(), 1);
}

/// How a process can lose what it holds.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Dies,
    Leaves,
    NeverHeard,
}

async fn lose(mill: &Mill, holder: Uuid, loss: Loss) -> u64 {
    match loss {
        Loss::Dies => mill.queue().rescue(holder, 0).await.unwrap(),
        Loss::Leaves => mill.queue().leave(holder).await.unwrap(),
        Loss::NeverHeard => mill.queue().keep_only(holder, &[]).await.unwrap(),
    }
}

#[rstest]
#[tokio::test]
async fn task_asked_to_stop_ends_with_its_process_and_frees_key_and_lane(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
    #[values(Loss::Dies, Loss::Leaves, Loss::NeverHeard)] loss: Loss,
    #[values(Lane::in_order("l"), Lane::at_most("l", 2))] lane: Lane,
) {
    let Some(mill) = Mill::on(engine).await else { return };
    let laned = |name: &str| put(name).in_lane(lane.clone());
    let mut ids = Vec::new();
    for name in ["first", "second", "third", "fourth"] {
        let task = laned(name).unique(name, Held::UntilEnded, Second::Dropped);
        ids.push(enqueued(&mill, task).await.id());
    }
    let (at_most, gone) = (usize::from(lane.at_most), process(&mill).await);
    let running: Vec<Uuid> = claimed(&mill, gone).await.iter().map(|task| task.id).collect();
    assert_eq!(running, ids[..at_most]);
    for task in &running {
        ask_to_stop(&mill, *task).await;
    }
    assert_eq!(lose(&mill, gone, loss).await, running.len() as u64);
    let cancelled = mill.shelf.count("task_runs WHERE outcome = 'cancelled' AND token = 1").await;
    assert_eq!((cancelled, mill.shelf.count("task_runs").await), (lane.at_most.into(), lane.at_most.into()));
    assert_eq!(mill.shelf.count("task_running").await, 0);
    assert_eq!(mill.shelf.count("task_keys").await, 4 - i64::from(lane.at_most));
    assert!(matches!(
        enqueued(&mill, put("again").unique("first", Held::UntilEnded, Second::Dropped)).await,
        Enqueued::New(_)
    ));
    let next: Vec<Uuid> = claimed(&mill, process(&mill).await).await.iter().map(|task| task.id).collect();
    assert_eq!(next[..at_most], ids[at_most..2 * at_most], "the lane goes on behind them");
    assert_eq!(next.len(), at_most + 1, "besides the lane there is one more");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_nobody_asked_to_stop_goes_back_beside_what_ends(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let gone = process(&mill).await;
    let stops = enqueued(&mill, put("stops")).await.id();
    let goes_on = enqueued(&mill, put("goes on").unique("k", Held::UntilEnded, Second::Dropped)).await.id();
    assert_eq!(claimed(&mill, gone).await.len(), 2);
    ask_to_stop(&mill, stops).await;
    assert_eq!(lose(&mill, gone, Loss::Dies).await, 2);
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'lost'").await, 1);
    assert_eq!(mill.shelf.count("task_keys").await, 1, "it still holds its key");
    let again = claimed(&mill, process(&mill).await).await;
    assert_eq!(again.iter().map(|task| (task.id, task.attempt)).collect::<Vec<_>>(), [(goes_on, 2)]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_that_takes_over_from_the_dead_does_not_run_what_was_to_stop(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let gone = process(&mill).await;
    let first = enqueued(&mill, put("stopped").in_lane(Lane::in_order("l"))).await.id();
    mill.enqueue(vec![put("behind it").in_lane(Lane::in_order("l"))]).await;
    assert_eq!(claimed(&mill, gone).await.len(), 1);
    ask_to_stop(&mill, first).await;
    let tasks = Tasks::of(mill.shelf.clone()).task::<PutIt>();
    let worker = AtWork::with(&mill.shelf, tasks, quick());
    mill.shelf.until("task_runs WHERE outcome = 'done'", 1).await;
    worker.stop().await;
    assert_eq!(mill.shelf.names().await, ["behind it"]);
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'cancelled'").await, 1);
    assert_eq!(mill.shelf.count("task_runs").await, 2);
}
