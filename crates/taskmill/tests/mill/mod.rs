//! A module small enough to test tasks with: a shelf on which handlers put what they did.

use kernel::{Caller, Gate, Ids, NewTask, Operation, Permit, Resource, Revision, SystemClock, SystemIds, TaskOrigin};
use kernel::{TaskQueue, TenantId};
use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{string_len, uuid};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};
use std::sync::Arc;
use store::{Change, ChangeError, Changed, SqlTaskQueue, Store, StoreOptions, statement};
use testkit::{AllowAll, Engine, TestDatabase};
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
}

/// A database with tasks.
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

pub(crate) fn new_id() -> Uuid {
    SystemIds.next()
}
