//! Who holds a task, and what somebody who does not hold it any more can still do: nothing.

use crate::at_work::{AtWork, quick};
use crate::mill::{Mill, Put, Shelf, new_id};
use kernel::{Actor, Caller, Claimed, Ending, Fault, Lease, Settlement, TaskQueue, TenantId, reasons};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use store::statement;
use taskmill::{Ran, Task, TaskContext, Tasks, Terms, WorkerOptions};
use testkit::Engine;

/// Takes a while, then puts its name on the shelf.
#[derive(Serialize, Deserialize)]
struct PutSlowly {
    name: String,
    millis: u64,
}

#[async_trait::async_trait]
impl Task for PutSlowly {
    type Module = Shelf;
    const KIND: &'static str = "shelf.put_slowly";

    async fn run(&self, shelf: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        tokio::time::sleep(Duration::from_millis(self.millis)).await;
        let permit = shelf.permit(&context.ending(json!(null)));
        shelf.store.commit(permit, Put(new_id(), self.name.clone()), vec![], ()).await?;
        Ok(Ran::DONE)
    }
}

/// Stops when it is told to, leaving how far it came; goes on from there, and is done.
#[derive(Serialize, Deserialize)]
struct Stoppable;

#[async_trait::async_trait]
impl Task for Stoppable {
    type Module = Shelf;
    const KIND: &'static str = "shelf.stoppable";

    fn terms() -> Terms {
        Terms { max_attempts: 1, ..Terms::default() }
    }

    async fn run(&self, _: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        if let Some(left) = context.left::<Option<u32>>()?.flatten() {
            return Ok(Ran::Done(json!(left + 1)));
        }
        context.checkpoint(Some(0), "begun", &None::<u32>).await?;
        context.stop().cancelled().await;
        context.checkpoint(Some(50), "half-way", &Some(41)).await?;
        Err(reasons::DRAINING.fault())
    }
}

fn tasks(shelf: &Arc<Shelf>) -> Tasks<Shelf> {
    Tasks::of(shelf.clone()).task::<PutSlowly>().task::<Stoppable>()
}

fn slowly(name: &str, millis: u64) -> kernel::NewTask {
    PutSlowly { name: name.to_owned(), millis }.task()
}

/// Claims one task by hand, as a process would that is never heard of again.
async fn claim_by_hand(mill: &Mill) -> (uuid::Uuid, Claimed) {
    let (queue, holder) = (mill.queue(), new_id());
    queue.join(holder, "by hand", &["default"]).await.unwrap();
    let task = queue.claim(holder, "default", 1).await.unwrap().tasks.pop().unwrap();
    (holder, task)
}

/// The commit of somebody who was away for a while.
async fn late_commit(shelf: &Shelf, holder: uuid::Uuid, task: &Claimed, ends: bool) -> Result<(), Fault> {
    let lease = Lease::on("shelf", holder, task);
    let lease = if ends { lease.ending(json!(null)) } else { lease };
    let mut caller = Caller::new(Actor::service(TenantId::FIRST, "shelf.put_slowly"), "late");
    caller.lease = Some(Arc::new(lease));
    shelf.store.commit(shelf.permit(&caller), Put(new_id(), "late".into()), vec![], ()).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn task_that_outlives_its_lease_is_not_doubled_while_its_process_lives(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![slowly("slow", 2_500)]).await;
    let (one, other) = (mill.shelf.clone(), mill.elsewhere().await);
    let workers = [AtWork::with(&one, tasks(&one), quick()), AtWork::with(&other, tasks(&other), quick())];
    mill.shelf.until("task_runs", 1).await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(mill.shelf.names().await, ["slow"]);
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'done' AND token = 1").await, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_process_is_taken_over_and_its_late_writes_are_refused(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![slowly("once", 0)]).await;
    let (holder, task) = claim_by_hand(&mill).await;
    let worker = AtWork::with(&mill.shelf, tasks(&mill.shelf), quick());
    // The lost attempt and the one that did it.
    mill.shelf.until("task_runs", 2).await;
    worker.stop().await;
    for ends in [true, false] {
        let fault = late_commit(&mill.shelf, holder, &task, ends).await.unwrap_err();
        assert!(fault.is(&reasons::LEASE_LOST), "{fault}");
    }
    let late = [Settlement { task, ending: Ending::Done { result: json!(null) } }];
    assert_eq!(mill.queue().settle(holder, &late).await.unwrap(), [false]);
    assert_eq!(mill.shelf.names().await, ["once"]);
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'lost'").await, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_process_loses_nothing_and_doubles_nothing(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let names: Vec<String> = (0..40).map(|n| format!("task {n:03}")).collect();
    mill.enqueue(names.iter().map(|name| slowly(name, 20)).collect()).await;
    for _ in 0..4 {
        let shelf = mill.elsewhere().await;
        let worker = AtWork::with(&shelf, tasks(&shelf), WorkerOptions { concurrency: 4, ..quick() });
        tokio::time::sleep(Duration::from_millis(35)).await;
        worker.kill();
    }
    let worker = AtWork::with(&mill.shelf, tasks(&mill.shelf), quick());
    mill.shelf.until("task_runs WHERE outcome = 'done'", 40).await;
    worker.stop().await;
    assert_eq!(mill.shelf.names().await, names);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_that_stops_gives_its_tasks_back_at_once_with_what_they_left(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![Stoppable.task()]).await;
    let worker = AtWork::with(&mill.shelf, tasks(&mill.shelf), quick());
    // Not "claimed": a claim that its process has not heard of yet goes back without having run.
    mill.shelf.until("task_progress", 1).await;
    worker.stop().await;
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'returned'").await, 1);
    assert_eq!(mill.shelf.count("task_ready WHERE attempts = 0").await, 1);
    let worker = AtWork::with(&mill.shelf, tasks(&mill.shelf), quick());
    mill.shelf.until("task_runs WHERE outcome = 'done' AND result = '42'", 1).await;
    worker.stop().await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn task_of_a_commit_that_fails_does_not_exist(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let (shelf, id) = (&mill.shelf, new_id());
    let caller = Caller::new(Actor::service(TenantId::FIRST, "tests"), "request");
    let put = |name: &str| (Put(id, name.to_owned()), (vec![], vec![slowly(name, 0)]));
    let (change, effects) = put("first");
    shelf.store.commit(shelf.permit(&caller), change, effects, ()).await.unwrap();
    let (change, effects) = put("second");
    shelf.store.commit(shelf.permit(&caller), change, effects, ()).await.unwrap_err();
    assert_eq!((shelf.count("tasks").await, shelf.count("task_ready").await), (1, 1));
    assert_eq!(shelf.names().await, ["first"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn commit_that_ends_a_task_is_undone_with_its_end_when_it_fails(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![slowly("x", 0)]).await;
    let (holder, task) = claim_by_hand(&mill).await;
    let id = new_id();
    let lease = || Some(Arc::new(Lease::on("shelf", holder, &task).ending(json!(7))));
    let caller = || Caller { lease: lease(), ..Caller::new(Actor::service(TenantId::FIRST, "tests"), "request") };
    let plain = Caller::new(Actor::service(TenantId::FIRST, "tests"), "request");
    mill.shelf.store.commit(mill.shelf.permit(&plain), Put(id, "taken".into()), vec![], ()).await.unwrap();
    let again = mill.shelf.store.commit(mill.shelf.permit(&caller()), Put(id, "again".into()), vec![], ()).await;
    assert!(again.is_err());
    assert_eq!(mill.shelf.count("task_running").await, 1);
    let put = Put(new_id(), "done".into());
    mill.shelf.store.commit(mill.shelf.permit(&caller()), put, vec![], ()).await.unwrap();
    assert_eq!((mill.shelf.count("task_running").await, mill.shelf.count("task_runs").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "somebody waits while the test goes on")]
async fn claim_that_is_being_committed_is_waited_for_and_goes_back_on_postgres() {
    const WAITING: &str = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let Some(mill) = Mill::on(Engine::Postgres).await else { return };
    let (queue, holder) = (mill.queue(), new_id());
    queue.join(holder, "by hand", &["default"]).await.unwrap();
    mill.enqueue(vec![slowly("unheard", 0)]).await;
    let tx = mill.elsewhere().await.store.primary().begin().await.unwrap();
    let run = |sql: &str| tx.execute_raw(statement(mill.shelf.store.backend(), sql, [holder.into()]));
    run("SELECT beats FROM task_holders WHERE id = $1 FOR SHARE").await.unwrap();
    let claim = "INSERT INTO task_running (task_id, queue, holder, token, attempt, priority, tenant, due_us, started_us, \
                 lane, lane_limit, in_order, expires_us, key_held, cancel) SELECT task_id, queue, $1, 1, 1, priority, \
                 tenant, due_us, due_us, '', 0, 0, expires_us, 0, 0 FROM task_ready";
    run(claim).await.unwrap();
    tx.execute_unprepared("DELETE FROM task_ready").await.unwrap();
    let sure = tokio::spawn(async move { queue.keep_only(holder, &[]).await.unwrap() });
    while !sure.is_finished() && mill.shelf.count(WAITING).await == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tx.commit().await.unwrap();
    assert_eq!(sure.await.unwrap(), 1);
    assert_eq!((mill.shelf.count("task_running").await, mill.shelf.count("task_ready").await), (0, 1));
}
