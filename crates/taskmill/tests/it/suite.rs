//! The queue port's contract on the tables of every relational engine.

use crate::mill::Migrator;
use kernel::{QueueSettings, TaskQueue};
use rstest::rstest;
use std::sync::Arc;
use store::{SqlTaskQueue, Store, StoreOptions, statement};
use testkit::suites::{TaskQueueSubject, task_queue};
use testkit::{Engine, ManualClock, SequentialIds, TestDatabase};
use uuid::Uuid;

struct Tables {
    store: Store,
    queue: SqlTaskQueue,
    second: SqlTaskQueue,
    clock: Arc<ManualClock>,
    _database: TestDatabase,
}

impl Tables {
    async fn on(engine: Engine) -> Option<Self> {
        let database = TestDatabase::new(engine).await?;
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
        let open = async || {
            Store::open("shelf", &StoreOptions::at(&database.url), &[], clock.clone(), ids.clone()).await.unwrap()
        };
        let (store, elsewhere) = (open().await, open().await);
        store::migrate::<Migrator>(&store).await.unwrap();
        let (queue, second) = (SqlTaskQueue::of(&store).thorough(), SqlTaskQueue::of(&elsewhere).thorough());
        Some(Self { store, queue, second, clock, _database: database })
    }

    async fn change(&self, sql: &str, values: Vec<sea_orm::Value>) -> u64 {
        self.store.note(statement(self.store.backend(), sql, values)).await.unwrap()
    }
}

#[async_trait::async_trait]
impl TaskQueueSubject for Tables {
    fn queue(&self) -> &dyn TaskQueue {
        &self.queue
    }

    fn second(&self) -> &dyn TaskQueue {
        &self.second
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    async fn tune(&self, settings: QueueSettings) {
        let set = "UPDATE task_queues SET paused = $2, per_process = $3, at_most = $4, rate = $5, rate_period_us = $6 \
                   WHERE name = $1";
        let count = |n: Option<u32>| i32::try_from(n.unwrap_or(0)).unwrap();
        let (rate, period) = settings.limits.rate.unzip();
        let period_us = i64::try_from(period.unwrap_or_default().as_micros()).unwrap();
        let values = vec![
            settings.name.into(),
            i16::from(settings.paused).into(),
            count(settings.limits.per_process).into(),
            count(settings.limits.at_most).into(),
            count(rate).into(),
            period_us.into(),
        ];
        assert_eq!(self.change(set, values).await, 1);
    }

    async fn cancel(&self, task: Uuid) -> bool {
        self.change("UPDATE task_running SET cancel = 1 WHERE task_id = $1", vec![task.into()]).await == 1
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_keep_every_promise_of_a_queue(#[case] engine: Engine) {
    if TestDatabase::new(engine).await.is_none() {
        return;
    }
    task_queue(async || Tables::on(engine).await.unwrap()).await;
}
