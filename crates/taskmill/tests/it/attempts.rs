//! How single attempts end, whatever the handler and what is around it do.

use crate::at_work::{AtWork, quick};
use crate::mill::{Mill, Put, Shelf, new_id};
use kernel::{Fault, FaultCode, Lane, NewTask, TaskOrigin, TaskQueue, TenantId};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use taskmill::{Ran, Retry, Task, TaskContext, Tasks, Terms};
use testkit::Engine;

/// What one attempt does.
#[derive(Serialize, Deserialize)]
enum Odd {
    /// Puts its name on the shelf.
    Puts(String),
    /// Fails, and panics when it is asked for how long to wait.
    PanicsOutside,
    /// Fails, and wants to wait for longer than there are years.
    WaitsForEver,
    /// Snoozes for longer than there are years.
    SleepsForEver,
    /// Snoozes twice, then is done.
    SleepsTwice,
    /// Never comes back.
    Hangs,
    /// Says that it cannot be done, in so many bytes.
    GivesUp(usize),
    /// Is done, with a result of so many bytes.
    Brings(usize),
    /// The same, in the transaction of its work.
    Commits(usize),
}

#[async_trait::async_trait]
impl Task for Odd {
    type Module = Shelf;
    const KIND: &'static str = "shelf.odd";

    fn terms() -> Terms {
        let pause = Duration::from_millis(5);
        let retry = Retry { first: pause, longest: pause };
        Terms { retry, max_attempts: 2, time_limit: Duration::from_millis(300), ..Terms::default() }
    }

    fn retry_after(attempt: i32, task: uuid::Uuid, fault: &Fault) -> Option<Duration> {
        match fault.to_string() {
            text if text.contains("outside") => panic!("nobody knows"),
            text if text.contains("for ever") => Some(Duration::MAX),
            _ => Some(Self::terms().retry.pause(task, attempt)),
        }
    }

    async fn run(&self, shelf: &Shelf, context: &TaskContext) -> Result<Ran, Fault> {
        match self {
            Self::Puts(name) => {
                let put = Put(new_id(), name.clone());
                shelf.store.commit(shelf.permit(&context.caller()), put, vec![], ()).await?;
                Ok(Ran::DONE)
            }
            Self::PanicsOutside => Err(Fault::invalid("panic", "comes from outside")),
            Self::WaitsForEver => Err(Fault::invalid("pause", "is for ever")),
            Self::SleepsForEver => Ok(Ran::Snooze(Duration::MAX)),
            Self::SleepsTwice if context.task().token < 3 => Ok(Ran::Snooze(Duration::from_millis(1))),
            Self::SleepsTwice => Ok(Ran::DONE),
            Self::Hangs => std::future::pending().await,
            Self::GivesUp(bytes) => Ok(Ran::GiveUp(Fault::invalid("it", "é".repeat(bytes / 2)))),
            Self::Brings(bytes) => Ok(Ran::Done(json!("r".repeat(*bytes)))),
            Self::Commits(bytes) => {
                let permit = shelf.permit(&context.ending(json!("r".repeat(*bytes))));
                shelf.store.commit(permit, Put(new_id(), "in vain".into()), vec![], ()).await?;
                Ok(Ran::DONE)
            }
        }
    }
}

/// Wants a number.
#[derive(Serialize, Deserialize)]
struct Typed {
    pin: u32,
}

#[async_trait::async_trait]
impl Task for Typed {
    type Module = Shelf;
    const KIND: &'static str = "shelf.typed";

    fn terms() -> Terms {
        Terms { max_attempts: 1, ..Terms::default() }
    }

    async fn run(&self, _: &Shelf, _: &TaskContext) -> Result<Ran, Fault> {
        Ok(Ran::DONE)
    }
}

/// Has no JSON form.
#[derive(Serialize, Deserialize)]
struct Unwritable(BTreeMap<(u8, u8), u8>);

#[async_trait::async_trait]
impl Task for Unwritable {
    type Module = Shelf;
    const KIND: &'static str = "shelf.unwritable";

    async fn run(&self, _: &Shelf, _: &TaskContext) -> Result<Ran, Fault> {
        Ok(Ran::DONE)
    }
}

fn at_work(shelf: &Arc<Shelf>) -> AtWork {
    AtWork::with(shelf, Tasks::of(shelf.clone()).task::<Odd>().task::<Typed>(), quick())
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_outside_the_handler_is_a_failed_attempt_and_its_lane_goes_on(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let laned = |odd: Odd| odd.task().in_lane(Lane::in_order("l"));
    mill.enqueue(vec![laned(Odd::PanicsOutside), laned(Odd::Puts("after".into()))]).await;
    let worker = at_work(&mill.shelf);
    mill.shelf.until("task_runs WHERE outcome = 'done'", 1).await;
    worker.stop().await;
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'failed'").await, 1);
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'dead'").await, 1);
    assert_eq!(mill.shelf.names().await, ["after"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pause_longer_than_any_calendar_is_until_the_last_day(
    #[case] engine: Engine,
    #[values(Odd::WaitsForEver, Odd::SleepsForEver)] odd: Odd,
) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![odd.task()]).await;
    let worker = at_work(&mill.shelf);
    mill.shelf.until("task_ready WHERE due_us > 200000000000000000", 1).await;
    worker.stop().await;
    assert_eq!(mill.shelf.count("task_running").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handler_that_hangs_has_failed_when_its_time_is_over(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![Odd::Hangs.task()]).await;
    let worker = at_work(&mill.shelf);
    mill.shelf.until("task_dead", 1).await;
    worker.stop().await;
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'failed'").await, 1);
    let error = mill.shelf.text("SELECT error FROM task_runs WHERE outcome = 'dead'").await;
    assert!(error.contains("longer than its limit of 0.3 s"), "{error}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn task_that_snoozes_comes_again_in_the_same_attempt(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![Odd::SleepsTwice.task()]).await;
    let worker = at_work(&mill.shelf);
    mill.shelf.until("task_runs WHERE outcome = 'done' AND attempt = 1 AND token = 3", 1).await;
    worker.stop().await;
    assert_eq!(mill.shelf.count("task_runs WHERE outcome = 'snoozed' AND attempt = 1").await, 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn task_given_up_is_a_dead_letter_at_once_and_its_error_is_kept_to_a_length(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![Odd::GivesUp(1_000_000).task()]).await;
    let worker = at_work(&mill.shelf);
    mill.shelf.until("task_runs WHERE outcome = 'dead' AND attempt = 1", 1).await;
    worker.stop().await;
    let error = mill.shelf.text("SELECT error FROM task_runs").await;
    assert!(error.contains("éé") && error.ends_with('…') && error.len() <= 16 * 1024 + 3, "{} bytes", error.len());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn result_too_large_to_keep_makes_a_dead_letter_that_says_so(
    #[case] engine: Engine,
    #[values(Odd::Brings(20 << 20), Odd::Commits(2 << 20))] odd: Odd,
) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![odd.task(), Odd::Brings(1_000).task()]).await;
    let worker = at_work(&mill.shelf);
    mill.shelf.until("task_dead", 1).await;
    mill.shelf.until("task_runs WHERE outcome = 'done'", 1).await;
    worker.stop().await;
    let error = mill.shelf.text("SELECT error FROM task_runs WHERE outcome = 'dead'").await;
    assert!(error.contains("result") && error.contains("1048576"), "{error}");
    assert!(mill.shelf.names().await.is_empty());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn error_of_an_unreadable_payload_does_not_quote_it(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue(vec![NewTask::new(Typed::KIND, 1, json!({ "pin": "hunter2" }))]).await;
    let worker = at_work(&mill.shelf);
    mill.shelf.until("task_dead", 1).await;
    worker.stop().await;
    let error = mill.shelf.text("SELECT error FROM task_runs").await;
    assert!(error.contains("payload") && error.contains("column 16") && !error.contains("hunter2"), "{error}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn task_without_a_json_form_is_not_enqueued(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let task = Unwritable(BTreeMap::from([((1, 2), 3)])).task();
    let origin = TaskOrigin::service(TenantId::FIRST, "tests");
    let fault = mill.queue().enqueue(&origin, vec![task]).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::Internal, "{fault}");
    assert!(fault.chain().contains("shelf.unwritable"), "{}", fault.chain());
    assert_eq!(mill.shelf.count("tasks").await, 0);
}
