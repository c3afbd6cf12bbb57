//! apalis with its PostgreSQL backend under the loads.

use crate::locked_version;
use crate::settings::ApalisSettings;
use anyhow::{Result, anyhow};
use apalis::prelude::{
    BackendExt, BoxDynError, Data, ParallelizeExt, PollSnapshot, PollStrategy, TaskBuilder, WorkerBuilder,
    WorkerBuilderExt, WorkerContext,
};
use apalis_postgres::{Config, PgTask, PostgresStorage, queries::push_tasks};
use bench_loads::{Handled, Queue, Running, Tally, Task};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};

/// The queue's name.
const QUEUE: &str = "count";

/// So many handlers at once that nothing is limited.
const UNLIMITED: usize = 1 << 20;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Count {
    number: u32,
}

async fn count(task: Count, tally: Data<Arc<Tally>>) -> Result<u32, BoxDynError> {
    match tally.handle(task.number) {
        Handled::Done(result) => Ok(result),
        Handled::Failed => Err("told to fail once".into()),
    }
}

/// Wakes an idle worker at even times. apalis's own interval does not ask to be woken again when it comes due during a
/// fetch; the worker then sleeps until its next heartbeat, half a minute later.
struct Tick(Interval);

impl Tick {
    fn every(period: Duration) -> Self {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(interval)
    }
}

impl PollStrategy for Tick {
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        // Until it is pending: only then will it wake the worker.
        while self.0.poll_tick(context).is_ready() {}
        Poll::Pending
    }
}

/// A connected apalis.
#[derive(Clone)]
pub(crate) struct Apalis {
    pool: PgPool,
    settings: ApalisSettings,
    started: Arc<AtomicU32>,
}

impl Apalis {
    /// Makes the tables.
    pub(crate) async fn connect(pool: PgPool, settings: ApalisSettings) -> Result<Self> {
        PostgresStorage::<()>::setup(&pool).await?;
        Ok(Self { pool, settings, started: Arc::default() })
    }

    fn task(task: &Task) -> Result<PgTask> {
        let builder = TaskBuilder::new(serde_json::to_vec(&Count { number: task.number })?);
        let builder = match task.key() {
            Some(key) => builder.idempotency_key(key),
            None => builder,
        };
        Ok(builder.max_attempts(5).build())
    }

    fn storage(&self) -> PostgresStorage<Count> {
        let config = Config::default()
            .queue(QUEUE)
            .batch_size(self.settings.fetch.max(1))
            .lock_tasks(self.settings.lock)
            // A worker that missed its wake-up looks around with its heartbeat: after a second, not after thirty.
            .heartbeat_interval(Duration::from_secs(1))
            .missed_heartbeats(60)
            // Without it nothing is acknowledged.
            .persist_results(true);
        PostgresStorage::new(&self.pool).with_config(config)
    }
}

impl Queue for Apalis {
    type Running = RunningApalis;

    fn library(&self) -> &'static str {
        "apalis"
    }

    fn version(&self) -> String {
        locked_version("apalis-postgres")
    }

    fn lacks(&self) -> &'static str {
        ""
    }

    async fn enqueue(&self, task: Task) -> Result<()> {
        self.enqueue_batch(vec![task]).await
    }

    async fn enqueue_batch(&self, tasks: Vec<Task>) -> Result<()> {
        let tasks = tasks.iter().map(Self::task).collect::<Result<Vec<_>>>()?;
        let mut connection = self.pool.acquire().await?;
        push_tasks(&mut *connection, QUEUE, tasks).await?;
        Ok(())
    }

    async fn start(&self, workers: usize, tally: Arc<Tally>) -> Result<RunningApalis> {
        let concurrency = if self.settings.lanes == 0 { UNLIMITED } else { self.settings.lanes };
        let mut runs = JoinSet::new();
        let mut contexts = Vec::new();
        for _ in 0..workers {
            let name = format!("worker-{}", self.started.fetch_add(1, Ordering::Relaxed));
            let context = WorkerContext::new(&name);
            contexts.push(context.clone());
            let backend = self.storage().with_pubsub().poll_with_strategy(Tick::every(self.settings.poll));
            let builder = WorkerBuilder::new(&context).backend(backend).data(Arc::clone(&tally));
            let builder = builder.concurrency(concurrency);
            if self.settings.spawn {
                runs.spawn(builder.parallelize(tokio::spawn).build(count).run());
            } else {
                runs.spawn(builder.build(count).run());
            }
        }
        let run = tokio::spawn(async move {
            while let Some(ended) = runs.join_next().await {
                ended?.map_err(|error| anyhow!("a worker ended badly: {error}"))?;
            }
            Ok(())
        });
        Ok(RunningApalis { contexts, run })
    }

    async fn unfinished(&self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM apalis.jobs WHERE status <> 'Done')";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.pool).await?)
    }
}

/// Workers of apalis at work.
pub(crate) struct RunningApalis {
    contexts: Vec<WorkerContext>,
    run: JoinHandle<Result<()>>,
}

impl Running for RunningApalis {
    async fn stop(self) -> Result<()> {
        for context in &self.contexts {
            context.stop().map_err(|error| anyhow!("{error}"))?;
        }
        self.run.await?
    }
}
