//! An event-sourced aggregate small enough to test with, and a database to keep it in.

use crate::balances;
use kernel::{Actor, Caller, Fault, Gate, Ids, Operation, Permit, Resource, TenantId};
use sea_orm::{ConnectionTrait, Value};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use store::streams::{Aggregate, Loaded, Recorded, Shape};
use store::{Change, Store, StoreOptions, statement};
use testkit::{AllowAll, Engine, ManualClock, SequentialIds, TestDatabase};
use uuid::Uuid;

static USE_PURSE: Operation = Operation::command("bank.use_purse", "Purse");

/// What somebody has. A snapshot is written every `EVERY` events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Purse<const EVERY: usize = 100> {
    pub(crate) owner: String,
    pub(crate) balance_minor: i64,
    /// Differs when an event is missing, doubled or out of order.
    pub(crate) trail: u32,
    pub(crate) closed: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PurseEvent {
    Opened { owner: String },
    Deposited { amount_minor: i64, from: String },
    Withdrawn { amount_minor: i64 },
    Closed,
}

impl Recorded for PurseEvent {
    const SHAPES: &'static [Shape] = &[
        Shape::new("opened"),
        Shape::changed("deposited", &[in_minor_units, with_a_giver]),
        Shape::new("withdrawn"),
        Shape::new("closed"),
    ];
}

/// Amounts were whole units once.
pub(crate) fn in_minor_units(data: serde_json::Value) -> serde_json::Value {
    json!({ "amount_minor": data["amount"].as_i64().unwrap_or(0) * 100 })
}

/// And nobody asked where they came from.
pub(crate) fn with_a_giver(mut data: serde_json::Value) -> serde_json::Value {
    data["from"] = json!("unknown");
    data
}

impl<const EVERY: usize> Aggregate for Purse<EVERY> {
    const KIND: &'static str = "purse";
    const SNAPSHOT: i32 = 1;
    const SNAPSHOT_EVERY: usize = EVERY;
    type Event = PurseEvent;

    fn apply(&mut self, event: &PurseEvent) {
        match event {
            PurseEvent::Opened { owner } => self.owner.clone_from(owner),
            PurseEvent::Deposited { amount_minor, .. } => self.balance_minor += amount_minor,
            PurseEvent::Withdrawn { amount_minor } => self.balance_minor -= amount_minor,
            PurseEvent::Closed => self.closed = true,
        }
        self.trail = trail(self.trail, event);
    }
}

/// The trail with one more event.
pub(crate) fn trail(before: u32, event: &PurseEvent) -> u32 {
    let text = serde_json::to_string(event).unwrap();
    text.bytes().fold(before, |trail, byte| trail.wrapping_mul(31).wrapping_add(u32::from(byte)) & 0x7fff_ffff)
}

pub(crate) fn deposited(amount_minor: i64) -> PurseEvent {
    PurseEvent::Deposited { amount_minor, from: "ada".into() }
}

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = store::base_migrations();
        migrations.push(Box::new(balances::Migration));
        migrations
    }
}

/// A database with purses in it.
pub(crate) struct Bank {
    pub(crate) store: Store,
    ids: Arc<SequentialIds>,
    clock: Arc<ManualClock>,
    database: TestDatabase,
    gate: Gate,
}

impl Bank {
    /// A new one on `engine`; none when the engine is not installed.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        let database = TestDatabase::new(engine).await?;
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
        let store = open(&database.url, &clock, &ids).await;
        store::migrate::<Migrator>(&store).await.unwrap();
        let gate = Gate::new(Arc::new(AllowAll), ids.clone());
        Some(Self { store, ids, clock, database, gate })
    }

    /// The same database as another process sees it.
    pub(crate) async fn elsewhere(&self) -> Store {
        open(&self.database.url, &self.clock, &self.ids).await
    }

    pub(crate) fn new_id(&self) -> Uuid {
        self.ids.next()
    }

    fn permit(&self) -> Permit {
        let caller = Caller::new(Actor::service(TenantId::FIRST, "tests"), "request");
        self.gate.permit(&caller, &USE_PURSE, &Resource::new("Purse", "any", TenantId::FIRST)).unwrap()
    }

    pub(crate) async fn commit<C: Change>(&self, change: C) -> Result<(), Fault> {
        self.store.commit(self.permit(), change, vec![], ()).await
    }

    /// The purse with this id, as it is now.
    pub(crate) async fn purse(&self, id: Uuid) -> Loaded<Purse> {
        self.store.load(id).await.unwrap()
    }

    /// Lets one event happen to a purse, however often others are quicker.
    pub(crate) async fn record(&self, id: Uuid, event: &PurseEvent) {
        loop {
            let mut purse = self.purse(id).await;
            purse.record(event.clone());
            match self.commit(purse.append().unwrap()).await {
                Ok(()) => return,
                Err(fault) => assert!(fault.is(&kernel::reasons::STALE), "{fault}: {}", fault.chain()),
            }
        }
    }

    /// A purse that was opened, and paid into `deposits` times.
    pub(crate) async fn open_purse(&self, owner: &str, deposits: i64) -> Uuid {
        let mut purse = Loaded::<Purse>::new(self.new_id());
        let id = purse.id();
        purse.record(PurseEvent::Opened { owner: owner.to_owned() });
        (1..=deposits).for_each(|amount| purse.record(deposited(amount)));
        self.commit(purse.append().unwrap()).await.unwrap();
        id
    }

    /// Runs a statement of the test's own.
    pub(crate) async fn execute<const N: usize>(&self, sql: &str, values: [Value; N]) -> u64 {
        self.store.note(statement(self.store.backend(), sql, values)).await.unwrap()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let count = statement(self.store.backend(), format!("SELECT COUNT(*) AS n FROM {table}"), []);
        self.store.primary().query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
    }
}

async fn open(url: &str, clock: &Arc<ManualClock>, ids: &Arc<SequentialIds>) -> Store {
    Store::open("bank", &StoreOptions::at(url), &[], clock.clone(), ids.clone()).await.unwrap()
}
