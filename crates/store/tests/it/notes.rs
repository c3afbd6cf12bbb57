//! A module small enough to test the store with: notes that can be written, and nothing else.

use kernel::{Actor, Caller, Gate, Ids, NewEvent, Operation, Permit, Reason, Replay, Resource, Revision, TenantId};
use keys::{MasterKeys, MasterSource};
use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};
use std::sync::Arc;
use std::time::Duration;
use store::schema::{create_index, create_table};
use store::{Change, ChangeError, Changed, Store, StoreOptions, statement};
use testkit::{AllowAll, Engine, ManualClock, SequentialIds, TestDatabase};
use uuid::Uuid;

pub(crate) static WRITE_NOTE: Operation = Operation::command("notes.write_note", "Note");
pub(crate) const TEXT_TAKEN: Reason =
    Reason::new(kernel::FaultCode::Conflict, "notes.text_taken", "There is such a note.");
const CONSTRAINTS: store::Constraints = &[("ux_notes_text", &TEXT_TAKEN)];

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = store::base_migrations();
        migrations.push(Box::new(Notes));
        migrations
    }
}

#[derive(DeriveMigrationName)]
struct Notes;

#[async_trait::async_trait]
impl MigrationTrait for Notes {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let notes = Table::create()
            .table("notes")
            .col(uuid("id").primary_key())
            .col(string_len("text", 200))
            .col(big_integer("version"))
            .to_owned();
        create_table(m, notes).await?;
        create_index(m, Index::create().name("ux_notes_text").table("notes").col("text").unique().to_owned()).await
    }
}

/// A note on its way into the table.
pub(crate) struct Note {
    pub(crate) id: Uuid,
    pub(crate) text: String,
    pub(crate) version: i64,
}

#[async_trait::async_trait]
impl Change for Note {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let backend = tx.get_database_backend();
        if self.version == 1 {
            let insert = "INSERT INTO notes (id, text, version) VALUES ($1, $2, 1)";
            tx.execute_raw(statement(backend, insert, [self.id.into(), self.text.as_str().into()])).await?;
        } else {
            let update = "UPDATE notes SET text = $1, version = $2 WHERE id = $3 AND version = $4";
            let values = [self.text.as_str().into(), self.version.into(), self.id.into(), (self.version - 1).into()];
            if tx.execute_raw(statement(backend, update, values)).await?.rows_affected() == 0 {
                return Err(ChangeError::Stale);
            }
        }
        let state = serde_json::json!({ "text": self.text });
        Ok(vec![Revision { kind: "note", id: self.id, version: self.version, state: Some(state) }])
    }
}

/// A database with the notes' schema, and what is needed to write into it.
pub(crate) struct Notebook {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<SequentialIds>,
    database: TestDatabase,
    gate: Gate,
}

impl Notebook {
    /// A new one on `engine`; none when the engine is not installed.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        Self::made(engine, |_| ()).await
    }

    /// One whose statements may take this long.
    pub(crate) async fn hurried_on(engine: Engine, limit: Duration) -> Option<Self> {
        Self::made(engine, |options| options.statement_timeout = limit).await
    }

    /// One whose secrets are protected by these master keys.
    pub(crate) async fn guarded_on(engine: Engine, keys: &MasterKeys) -> Option<Self> {
        Self::made(engine, |options| options.master_keys = MasterSource::Given(keys.clone())).await
    }

    async fn made(engine: Engine, set: impl FnOnce(&mut StoreOptions)) -> Option<Self> {
        let database = TestDatabase::new(engine).await?;
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
        let mut options = StoreOptions::at(&database.url);
        set(&mut options);
        let store = Store::open("notes", &options, CONSTRAINTS, clock.clone(), ids.clone()).await.unwrap();
        store::migrate::<Migrator>(&store).await.unwrap();
        let gate = Gate::new(Arc::new(AllowAll), ids.clone());
        Some(Self { store, clock, ids, database, gate })
    }

    /// The same database as another process sees it.
    pub(crate) async fn elsewhere(&self) -> Store {
        open(&self.database.url, &self.clock, &self.ids).await
    }

    /// The same database as a process sees it that has these master keys.
    pub(crate) async fn elsewhere_with(&self, keys: &MasterKeys) -> Store {
        let options =
            StoreOptions { master_keys: MasterSource::Given(keys.clone()), ..StoreOptions::at(&self.database.url) };
        Store::open("notes", &options, CONSTRAINTS, self.clock.clone(), self.ids.clone()).await.unwrap()
    }

    /// The files of the database, the log of commits included; nothing but on SQLite.
    pub(crate) fn files(&self) -> Vec<u8> {
        let Some(file) = self.database.url.strip_prefix("sqlite://") else { return Vec::new() };
        let folder = std::path::Path::new(file).parent().unwrap();
        std::fs::read_dir(folder).unwrap().flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    pub(crate) fn url(&self) -> &str {
        &self.database.url
    }

    pub(crate) fn permit(&self) -> Permit {
        self.permit_for(&Caller::new(Actor::service(TenantId::FIRST, "tests"), "request"))
    }

    pub(crate) fn permit_for(&self, caller: &Caller) -> Permit {
        let resource = Resource::new("Note", "any", TenantId::FIRST);
        self.gate.permit(caller, &WRITE_NOTE, &resource).unwrap()
    }

    pub(crate) fn permit_with(&self, scope: &str, fingerprint: &str) -> Permit {
        let answer = serde_json::Value::Null;
        self.permit().with_replay(Some(Replay { scope: scope.into(), fingerprint: fingerprint.into(), answer }))
    }

    /// Writes a new note, telling it under `key`.
    pub(crate) async fn write(&self, key: &str, text: &str) -> Uuid {
        let id = self.ids.next();
        let note = Note { id, text: text.to_owned(), version: 1 };
        self.store.commit(self.permit(), note, vec![told(key, text)], ()).await.unwrap();
        id
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let count = statement(self.store.backend(), format!("SELECT COUNT(*) AS n FROM {table}"), []);
        self.store.primary().query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
    }
}

/// The event that tells of a note.
pub(crate) fn told(key: &str, text: &str) -> NewEvent {
    NewEvent { kind: "notes.written.v1", key: key.to_owned(), data: serde_json::json!({ "text": text }) }
}

async fn open(url: &str, clock: &Arc<ManualClock>, ids: &Arc<SequentialIds>) -> Store {
    Store::open("notes", &StoreOptions::at(url), CONSTRAINTS, clock.clone(), ids.clone()).await.unwrap()
}
