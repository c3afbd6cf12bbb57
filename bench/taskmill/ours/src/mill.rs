//! Our queue as the loads know it.

use anyhow::Result;
use bench_loads::{Handled, Queue, Running, Tally};
use kernel::{Fault, Held, NewTask, Second, SystemClock, SystemIds, TaskOrigin, TaskQueue, TenantId};
use sea_orm::ConnectionTrait;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use store::{SqlTaskQueue, Store, StoreOptions};
use taskmill::{Ran, Retry, Task, TaskContext, Tasks, Terms, Worker, WorkerOptions};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Connections: eight clients, a claim, a batch of endings, and what listens.
const CONNECTIONS: u32 = 24;

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        store::base_migrations()
    }
}

#[derive(Serialize, Deserialize)]
struct Count {
    number: u32,
}

#[async_trait::async_trait]
impl Task for Count {
    type Module = Tally;
    const KIND: &'static str = "bench.count";

    fn terms() -> Terms {
        let pause = Duration::from_millis(100);
        Terms { retry: Retry { first: pause, longest: pause }, max_attempts: 5, ..Terms::default() }
    }

    async fn run(&self, tally: &Tally, _: &TaskContext) -> Result<Ran, Fault> {
        match tally.handle(self.number) {
            Handled::Done(number) => Ran::with(&number),
            Handled::Failed => Err(Fault::invalid("number", "was told to fail once")),
        }
    }
}

/// A connected taskmill.
#[derive(Clone)]
pub(crate) struct Mill {
    store: Store,
    queue: SqlTaskQueue,
    origin: Arc<TaskOrigin>,
}

impl Mill {
    /// Makes the tables.
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let options = StoreOptions { max_connections: CONNECTIONS, ..StoreOptions::at(url) };
        let store = Store::open("bench", &options, &[], Arc::new(SystemClock), Arc::new(SystemIds)).await?;
        store::migrate::<Migrator>(&store).await?;
        let queue = SqlTaskQueue::of(&store);
        Ok(Self { store, queue, origin: Arc::new(TaskOrigin::service(TenantId::FIRST, "bench")) })
    }

    fn task(task: bench_loads::Task) -> NewTask {
        let new = Count { number: task.number }.task();
        match task.key() {
            Some(key) => new.unique(key, Held::UntilEnded, Second::Dropped),
            None => new,
        }
    }
}

impl Queue for Mill {
    type Running = AtWork;

    fn library(&self) -> &'static str {
        "taskmill"
    }

    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn lacks(&self) -> &'static str {
        ""
    }

    async fn enqueue(&self, task: bench_loads::Task) -> Result<()> {
        self.queue.enqueue(&self.origin, vec![Self::task(task)]).await?;
        Ok(())
    }

    async fn enqueue_batch(&self, tasks: Vec<bench_loads::Task>) -> Result<()> {
        self.queue.enqueue(&self.origin, tasks.into_iter().map(Self::task).collect()).await?;
        Ok(())
    }

    async fn start(&self, workers: usize, tally: Arc<Tally>) -> Result<AtWork> {
        let tasks = Arc::new(Tasks::of(tally).task::<Count>());
        let options = WorkerOptions { concurrency: workers, ..WorkerOptions::default() };
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let worker = Worker::new("bench", Arc::new(self.queue.clone()), tasks, clock, ids, options);
        let stop = CancellationToken::new();
        let wake = self.store.clone().run_wake(stop.clone());
        let work = worker.run(stop.clone());
        let wake = tokio::spawn(wake);
        let run = tokio::spawn(work);
        Ok(AtWork { stop, run, wake })
    }

    async fn unfinished(&self) -> Result<bool> {
        let sql = "SELECT CASE WHEN EXISTS (SELECT 1 FROM task_ready) OR EXISTS (SELECT 1 FROM task_running) \
                   THEN 1 ELSE 0 END AS any_left";
        let sql = store::statement(self.store.backend(), sql, []);
        let row = self.store.primary().query_one_raw(sql).await?;
        Ok(row.map_or(Ok(0), |row| row.try_get::<i32>("", "any_left"))? == 1)
    }
}

/// A worker at work.
pub(crate) struct AtWork {
    stop: CancellationToken,
    run: JoinHandle<()>,
    wake: JoinHandle<()>,
}

impl Running for AtWork {
    async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.run.await?;
        self.wake.await?;
        Ok(())
    }
}
