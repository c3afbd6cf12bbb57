//! Workers on a queue that does not always do what it is asked.

use crate::at_work::{AtWork, quick};
use crate::mill::{Mill, Shelf, new_id};
use kernel::{
    Beat, Claim, Claimed, Ending, Enqueued, Fault, NewTask, Progress, QueueSettings, Settlement, TaskOrigin, TaskQueue,
    reasons,
};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use store::SqlTaskQueue;
use taskmill::{Ran, Task, TaskContext, Tasks, WorkerOptions};
use testkit::Engine;
use tokio::time::Instant;
use uuid::Uuid;

/// How many of a sort are under way, and how many were at most.
#[derive(Default)]
struct AtOnce {
    now: AtomicU64,
    most: AtomicU64,
}

impl AtOnce {
    async fn count<T>(&self, work: impl Future<Output = T>) -> T {
        self.most.fetch_max(self.now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let done = work.await;
        self.now.fetch_sub(1, Ordering::Relaxed);
        done
    }
}

/// A queue that can be watched, and disturbed.
pub(crate) struct Watched {
    inner: SqlTaskQueue,
    /// For how long the worker now waits to be told of something, in milliseconds.
    patience_ms: AtomicU64,
    /// How often it was told before its patience ended.
    heard: AtomicU64,
    /// Rescues that were begun and do not end.
    rescues: AtomicU64,
    /// Claims that were refused because the database is away.
    refused: AtomicU64,
    claims: AtOnce,
    away: AtomicBool,
    hangs: AtomicBool,
    /// Panics once while ends are being written.
    panics: AtomicBool,
}

impl Watched {
    pub(crate) fn of(shelf: &Arc<Shelf>) -> Self {
        let no = || AtomicBool::new(false);
        Self {
            inner: SqlTaskQueue::of(&shelf.store),
            patience_ms: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            rescues: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            claims: AtOnce::default(),
            away: no(),
            hangs: no(),
            panics: no(),
        }
    }

    /// Returns when the worker waits for longer than this at a time.
    pub(crate) async fn waits(&self, patience: Duration) {
        until(|| Duration::from_millis(self.patience_ms.load(Ordering::Relaxed)) >= patience).await;
    }

    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    pub(crate) async fn hears_more_than(&self, before: u64) {
        until(|| self.heard() > before).await;
    }
}

async fn until(seen: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !seen() {
        assert!(Instant::now() < patience, "it does not come to pass");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[async_trait::async_trait]
impl TaskQueue for Watched {
    async fn enqueue(&self, origin: &TaskOrigin, tasks: Vec<NewTask>) -> Result<Vec<Enqueued>, Fault> {
        self.inner.enqueue(origin, tasks).await
    }

    async fn join(&self, holder: Uuid, name: &str, queues: &[&str]) -> Result<(), Fault> {
        self.inner.join(holder, name, queues).await
    }

    async fn beat(&self, holder: Uuid) -> Result<Beat, Fault> {
        self.inner.beat(holder).await
    }

    async fn leave(&self, holder: Uuid) -> Result<u64, Fault> {
        self.inner.leave(holder).await
    }

    async fn rescue(&self, holder: Uuid, beats: i64) -> Result<u64, Fault> {
        if self.hangs.load(Ordering::Relaxed) {
            self.rescues.fetch_add(1, Ordering::Relaxed);
            std::future::pending::<()>().await;
        }
        self.inner.rescue(holder, beats).await
    }

    async fn queues(&self) -> Result<Vec<QueueSettings>, Fault> {
        self.inner.queues().await
    }

    async fn claim(&self, holder: Uuid, queue: &str, want: usize) -> Result<Claim, Fault> {
        if self.away.load(Ordering::Relaxed) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(reasons::STORE_DOWN.fault());
        }
        self.claims.count(self.inner.claim(holder, queue, want)).await
    }

    async fn keep_only(&self, holder: Uuid, known: &[(Uuid, i32)]) -> Result<u64, Fault> {
        if self.away.load(Ordering::Relaxed) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(reasons::STORE_DOWN.fault());
        }
        self.inner.keep_only(holder, known).await
    }

    async fn settle(&self, holder: Uuid, ends: &[Settlement]) -> Result<Vec<bool>, Fault> {
        assert!(!self.panics.swap(false, Ordering::Relaxed), "the test wants a panic");
        if ends.iter().any(|end| end.ending == Ending::Done { result: json!("unwritable") }) {
            return Err(Fault::internal("the engine cannot write that"));
        }
        self.inner.settle(holder, ends).await
    }

    async fn progress(&self, holder: Uuid, task: &Claimed, progress: &Progress) -> Result<bool, Fault> {
        self.inner.progress(holder, task, progress).await
    }

    async fn changed(&self, patience: Duration) {
        let began = Instant::now();
        self.patience_ms.store(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.inner.changed(patience).await;
        if began.elapsed() < patience {
            self.heard.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Is done, with this result.
#[derive(Serialize, Deserialize)]
struct Bring {
    result: String,
}

#[async_trait::async_trait]
impl Task for Bring {
    type Module = Shelf;
    const KIND: &'static str = "shelf.bring";

    async fn run(&self, _: &Shelf, _: &TaskContext) -> Result<Ran, Fault> {
        Ok(Ran::Done(json!(self.result)))
    }
}

fn bring(result: &str) -> NewTask {
    Bring { result: result.to_owned() }.task()
}

fn at_work(mill: &Mill, queue: &Arc<Watched>, options: WorkerOptions) -> AtWork {
    AtWork::on(&mill.shelf, queue.clone(), Tasks::of(mill.shelf.clone()).task::<Bring>(), options)
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn end_that_cannot_be_written_is_a_dead_letter_and_holds_up_no_other(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let names = (0..40).map(|n| bring(if n == 20 { "unwritable" } else { "fine" }));
    mill.enqueue(names.collect()).await;
    let queue = Arc::new(Watched::of(&mill.shelf));
    let worker = at_work(&mill, &queue, quick());
    mill.shelf.until("task_runs WHERE outcome = 'done'", 39).await;
    mill.shelf.until("task_dead", 1).await;
    worker.stop().await;
    let error = mill.shelf.text("SELECT error FROM task_runs WHERE outcome = 'dead'").await;
    assert!(error.contains("could not be written"), "{error}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_are_written_though_the_task_that_writes_them_died(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.enqueue((0..40).map(|_| bring("fine")).collect()).await;
    let queue = Arc::new(Watched::of(&mill.shelf));
    queue.panics.store(true, Ordering::Relaxed);
    let worker = at_work(&mill, &queue, quick());
    mill.shelf.until("task_runs WHERE outcome = 'done'", 40).await;
    worker.stop().await;
    assert!(!queue.panics.load(Ordering::Relaxed));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_is_claimed_by_two_claims_at_once_and_each_task_by_one(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    for _ in 0..20 {
        mill.enqueue((0..1_000).map(|_| bring("fine")).collect()).await;
    }
    let queue = Arc::new(Watched::of(&mill.shelf));
    let worker = at_work(&mill, &queue, quick());
    mill.shelf.until("task_runs WHERE outcome = 'done'", 20_000).await;
    worker.stop().await;
    assert_eq!(mill.shelf.count("task_runs").await, 20_000, "each has run once");
    assert_eq!(queue.claims.most.load(Ordering::Relaxed), 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_beats_on_while_it_takes_over_from_another(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    mill.queue().join(new_id(), "gone", &["default"]).await.unwrap();
    let queue = Arc::new(Watched::of(&mill.shelf));
    queue.hangs.store(true, Ordering::Relaxed);
    let worker = at_work(&mill, &queue, quick());
    until(|| queue.rescues.load(Ordering::Relaxed) > 0).await;
    let before = mill.shelf.text("SELECT CAST(MAX(beats) AS CHAR(20)) FROM task_holders").await;
    let later = format!("task_holders WHERE beats > {} + 5", before.trim());
    mill.shelf.until(&later, 1).await;
    assert_eq!(queue.rescues.load(Ordering::Relaxed), 1, "one at a time");
    worker.stop().await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_that_waits_for_its_database_hears_that_it_is_to_stop(#[case] engine: Engine) {
    let Some(mill) = Mill::on(engine).await else { return };
    let queue = Arc::new(Watched::of(&mill.shelf));
    queue.away.store(true, Ordering::Relaxed);
    let worker = at_work(&mill, &queue, WorkerOptions { lease: Duration::from_secs(60), ..quick() });
    // By then it waits for five seconds between two tries.
    until(|| queue.refused.load(Ordering::Relaxed) == 8).await;
    let stopped = tokio::time::timeout(Duration::from_secs(3), worker.stop()).await;
    assert!(stopped.is_ok(), "it waits for the database instead");
}
