//! graphile_worker under the loads.

use crate::locked_version;
use crate::settings::GraphileSettings;
use anyhow::{Context, Result};
use bench_loads::{Handled, Queue, Running, Tally, Task};
use graphile_worker::{
    IntoTaskHandlerResult, JobKeyMode, JobSpec, JobSpecBuilder, LocalQueueConfig, TaskHandler, Worker, WorkerContext,
    WorkerOptions, WorkerUtils,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// The tables' schema.
const SCHEMA: &str = "graphile_worker";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Count {
    number: u32,
}

#[derive(Debug, Clone)]
struct Counter(Arc<Tally>);

impl TaskHandler for Count {
    const IDENTIFIER: &'static str = "count";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let counter = context.get_ext::<Counter>().ok_or("no counter")?;
        match counter.0.handle(self.number) {
            Handled::Done(_) => Ok(()),
            Handled::Failed => Err("told to fail once"),
        }
    }
}

/// A connected graphile_worker.
#[derive(Clone)]
pub(crate) struct Graphile {
    pool: PgPool,
    utils: Arc<WorkerUtils>,
    settings: GraphileSettings,
}

impl Graphile {
    /// Makes the tables.
    pub(crate) async fn connect(pool: PgPool, settings: GraphileSettings) -> Result<Self> {
        let worker = WorkerOptions::default().pg_pool(pool.clone()).schema(SCHEMA).define_job::<Count>().init().await?;
        Ok(Self { pool, utils: Arc::new(worker.create_utils()), settings })
    }

    fn spec(task: &Task) -> JobSpec {
        match task.key() {
            Some(key) => JobSpecBuilder::new().job_key(key).job_key_mode(JobKeyMode::Replace).max_attempts(5).build(),
            None => JobSpec::default(),
        }
    }
}

impl Queue for Graphile {
    type Running = RunningGraphile;

    fn library(&self) -> &'static str {
        "graphile_worker"
    }

    fn version(&self) -> String {
        locked_version("graphile_worker")
    }

    fn lacks(&self) -> &'static str {
        "results are not kept"
    }

    async fn enqueue(&self, task: Task) -> Result<()> {
        self.utils.add_job(Count { number: task.number }, Self::spec(&task)).await?;
        Ok(())
    }

    async fn enqueue_batch(&self, tasks: Vec<Task>) -> Result<()> {
        let jobs: Vec<_> = tasks.iter().map(|task| (Count { number: task.number }, Self::spec(task))).collect();
        let jobs: Vec<_> = jobs.iter().map(|(count, spec)| (count.clone(), spec)).collect();
        self.utils.add_jobs(&jobs).await?;
        Ok(())
    }

    async fn start(&self, workers: usize, tally: Arc<Tally>) -> Result<RunningGraphile> {
        let mut options = WorkerOptions::default()
            .pg_pool(self.pool.clone())
            .schema(SCHEMA)
            .concurrency(workers)
            .poll_interval(self.settings.poll)
            .listen_os_shutdown_signals(false)
            .add_extension(Counter(tally))
            .define_job::<Count>();
        if self.settings.fetch > 0 {
            let local =
                LocalQueueConfig::default().with_size(self.settings.fetch).with_queue_count(self.settings.lanes.max(1));
            options = options.local_queue(local);
        }
        if !self.settings.collect.is_zero() {
            options =
                options.complete_job_batch_delay(self.settings.collect).fail_job_batch_delay(self.settings.collect);
        }
        let worker = Arc::new(options.init().await?);
        let run = tokio::spawn({
            let worker = Arc::clone(&worker);
            async move { worker.run().await.context("the worker ended badly") }
        });
        Ok(RunningGraphile { worker, run })
    }

    async fn unfinished(&self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM graphile_worker._private_jobs)";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.pool).await?)
    }
}

/// A graphile_worker at work.
pub(crate) struct RunningGraphile {
    worker: Arc<Worker>,
    run: JoinHandle<Result<()>>,
}

impl Running for RunningGraphile {
    async fn stop(self) -> Result<()> {
        self.worker.request_shutdown();
        self.run.await?
    }
}
