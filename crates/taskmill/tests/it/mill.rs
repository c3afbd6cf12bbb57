//! A module small enough to test tasks with: a shelf on which handlers put what they did.

use kernel::{Caller, Gate, Ids, NewTask, Operation, Permit, Resource, Revision, SystemClock, SystemIds, TaskOrigin};
use kernel::{TaskQueue, TenantId};
use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{string_len, uuid};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};
use std::sync::Arc;
use std::time::Duration;
use store::{Change, ChangeError, Changed, SqlTaskQueue, Store, StoreOptions, statement};
use taskmill::{Tasks, Worker, WorkerOptions};
use testkit::{AllowAll, Engine, TestDatabase};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

static PUT: Operation = Operation::command("shelf.put", "Shelf").unaudited();

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = store::base_migrations();
        migrations.push(Box::new(Shelves));
        migrations
    }
}

#[derive(DeriveMigrationName)]
struct Shelves;

#[async_trait::async_trait]
impl MigrationTrait for Shelves {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // No key on the name: what is put twice stands there twice.
        let shelf = Table::create()
            .table("shelf")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(string_len("name", 80))
            .to_owned();
        m.create_table(shelf).await?;
        m.create_index(Index::create().name("ix_shelf_name").table("shelf").col("name").to_owned()).await
    }
}

/// Something on its way to the shelf.
pub(crate) struct Put(pub(crate) Uuid, pub(crate) String);

#[async_trait::async_trait]
impl Change for Put {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let insert = "INSERT INTO shelf (id, name) VALUES ($1, $2)";
        let values = [self.0.into(), self.1.as_str().into()];
        tx.execute_raw(statement(tx.get_database_backend(), insert, values)).await?;
        Ok(Vec::<Revision>::new())
    }
}

/// What handlers are given.
pub(crate) struct Shelf {
    pub(crate) store: Store,
    pub(crate) gate: Gate,
}

impl Shelf {
    pub(crate) fn permit(&self, caller: &Caller) -> Permit {
        self.gate.permit(caller, &PUT, &Resource::new("Shelf", "it", TenantId::FIRST)).unwrap()
    }

    pub(crate) async fn names(&self) -> Vec<String> {
        let list = statement(self.store.backend(), "SELECT name FROM shelf ORDER BY name", []);
        let rows = self.store.primary().query_all_raw(list).await.unwrap();
        rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let count = statement(self.store.backend(), format!("SELECT COUNT(*) AS n FROM {table}"), []);
        self.store.primary().query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    /// The first row's text.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let select = statement(self.store.backend(), sql, []);
        self.store.primary().query_one_raw(select).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    /// Changes rows behind everybody's back.
    pub(crate) async fn change(&self, sql: &str) {
        self.store.note(statement(self.store.backend(), sql, [])).await.unwrap();
    }

    /// Looks until the table has `n` rows.
    pub(crate) async fn until(&self, table: &str, n: i64) {
        let patience = tokio::time::Instant::now() + Duration::from_secs(30);
        while self.count(table).await != n {
            let seen = self.count(table).await;
            assert!(tokio::time::Instant::now() < patience, "{table} has {seen} rows, not {n}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A database with tasks, and workers to do them.
pub(crate) struct Mill {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) database: TestDatabase,
}

impl Mill {
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        let database = TestDatabase::new(engine).await?;
        let shelf = Arc::new(shelf(&database.url).await);
        store::migrate::<Migrator>(&shelf.store).await.unwrap();
        Some(Self { shelf, database })
    }

    /// The same database as another process sees it.
    pub(crate) async fn elsewhere(&self) -> Arc<Shelf> {
        Arc::new(shelf(&self.database.url).await)
    }

    pub(crate) fn queue(&self) -> SqlTaskQueue {
        SqlTaskQueue::of(&self.shelf.store)
    }

    pub(crate) async fn enqueue(&self, tasks: Vec<NewTask>) {
        self.queue().enqueue(&TaskOrigin::service(TenantId::FIRST, "tests"), tasks).await.unwrap();
    }
}

pub(crate) async fn shelf(url: &str) -> Shelf {
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let store = Store::open("shelf", &StoreOptions::at(url), &[], clock, ids).await.unwrap();
    Shelf { store, gate: Gate::new(Arc::new(AllowAll), Arc::new(SystemIds)) }
}

/// A worker at work until it is dropped or stopped.
pub(crate) struct AtWork {
    stop: CancellationToken,
    run: tokio::task::JoinHandle<()>,
}

impl AtWork {
    pub(crate) fn with(shelf: &Arc<Shelf>, tasks: Tasks<Shelf>, options: WorkerOptions) -> Self {
        Self::on(shelf, Arc::new(SqlTaskQueue::of(&shelf.store)), tasks, options)
    }

    /// At work on a queue of its own.
    #[expect(clippy::disallowed_methods, reason = "the test is the supervisor")]
    pub(crate) fn on(
        shelf: &Arc<Shelf>,
        queue: Arc<dyn TaskQueue>,
        tasks: Tasks<Shelf>,
        options: WorkerOptions,
    ) -> Self {
        let worker = Worker::new("shelf", queue, Arc::new(tasks), Arc::new(SystemClock), Arc::new(SystemIds), options);
        let stop = CancellationToken::new();
        let wake = shelf.store.clone().run_wake(stop.clone());
        let run = worker.run(stop.clone());
        let run = tokio::spawn(async move {
            tokio::join!(run, wake);
        });
        Self { stop, run }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.run.await.unwrap();
    }

    /// As if the process had been killed.
    pub(crate) fn kill(self) {
        self.run.abort();
    }
}

pub(crate) fn quick() -> WorkerOptions {
    WorkerOptions { lease: Duration::from_millis(500), poll: Duration::from_millis(50), ..WorkerOptions::default() }
}

pub(crate) fn new_id() -> Uuid {
    SystemIds.next()
}
