//! A database with schedules on it, and programs that look after them, each with a clock of its own.

use chrono::TimeDelta;
use futures::FutureExt;
use futures::future::poll_fn;
use kernel::{Actor, Caller, Clock, Fault, Gate, Ids, Operation, Permit, Resource, TenantId, Time};
use sea_orm::ConnectionTrait;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use store::{Store, StoreOptions, statement};
use taskmill::{Cron, Ran, Schedule, Scheduler, Task, TaskContext, Tick};
use testkit::{AllowAll, Engine, ManualClock, SequentialIds, TestDatabase};

static ORDER: Operation = Operation::command("town.order_schedule", "Schedule");

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        store::base_migrations()
    }
}

/// What every schedule here asks for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ring {
    pub(crate) schedule: String,
    pub(crate) at: Time,
    pub(crate) on_request: bool,
}

#[async_trait::async_trait]
impl Task for Ring {
    type Module = ();
    const KIND: &'static str = "town.ring";

    async fn run(&self, (): &(), _: &TaskContext) -> Result<Ran, Fault> {
        Ok(Ran::DONE)
    }
}

/// A schedule that rings.
pub(crate) fn rings(name: &'static str, cron: &str, zone: &str) -> Schedule {
    let ring = |tick: &Tick| Ring { schedule: tick.schedule.to_owned(), at: tick.at, on_request: tick.on_request };
    Schedule::new(name, cron, zone, ring).unwrap()
}

pub(crate) fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// When the expression ticks, after one instant and up to another.
pub(crate) fn ticks(cron: &str, zone: &str, after: &str, upto: &str) -> Vec<Time> {
    Cron::parse(cron, zone).unwrap().ticks_between(time(after), time(upto)).collect()
}

/// The database.
pub(crate) struct Town {
    database: TestDatabase,
    ids: Arc<SequentialIds>,
    watcher: Store,
}

impl Town {
    /// An empty one; none when the engine is not installed.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        let database = TestDatabase::new(engine).await?;
        let ids = Arc::new(SequentialIds::default());
        let watcher = open(&database.url, Arc::new(ManualClock::default()), ids.clone()).await;
        store::migrate::<Migrator>(&watcher).await.unwrap();
        Some(Self { database, ids, watcher })
    }

    /// A program with these schedules, whose clock shows this.
    pub(crate) async fn program(&self, shows: &str, schedules: Vec<Schedule>) -> Program {
        let clock = Arc::new(ManualClock::default());
        clock.advance((time(shows) - clock.now()).to_std().unwrap());
        let store = self.store_with(clock.clone()).await;
        Program { clock, scheduler: Scheduler::new(store.clone(), schedules), store }
    }

    pub(crate) async fn store_with(&self, clock: Arc<dyn Clock>) -> Store {
        open(&self.database.url, clock, self.ids.clone()).await
    }

    /// Every tick that was fired, by schedule, in the order of firing.
    pub(crate) async fn fired(&self) -> BTreeMap<String, Vec<Time>> {
        let mut fired: BTreeMap<String, Vec<Time>> = BTreeMap::new();
        for (ring, _) in self.rings().await {
            fired.entry(ring.schedule).or_default().push(ring.at);
        }
        fired
    }

    /// The ticks that this schedule was fired for.
    pub(crate) async fn fired_by(&self, schedule: &str) -> Vec<Time> {
        self.fired().await.remove(schedule).unwrap_or_default()
    }

    /// What was enqueued, and when.
    pub(crate) async fn rings(&self) -> Vec<(Ring, Time)> {
        let list = statement(self.watcher.backend(), "SELECT payload, enqueued_us FROM tasks ORDER BY id", []);
        let rows = self.watcher.primary().query_all_raw(list).await.unwrap();
        let ring = |row: sea_orm::QueryResult| {
            let payload: String = row.try_get("", "payload").unwrap();
            let enqueued_us = row.try_get("", "enqueued_us").unwrap();
            (serde_json::from_str(&payload).unwrap(), Time::from_timestamp_micros(enqueued_us).unwrap())
        };
        rows.into_iter().map(ring).collect()
    }

    /// The permit of whoever sends an order in this request.
    pub(crate) fn permit(&self, request: &str) -> Permit {
        let gate = Gate::new(Arc::new(AllowAll), self.ids.clone() as Arc<dyn Ids>);
        let caller = Caller::new(Actor::service(TenantId::FIRST, "tests"), request);
        gate.permit(&caller, &ORDER, &Resource::new("Schedule", "any", TenantId::FIRST)).unwrap()
    }
}

async fn open(url: &str, clock: Arc<dyn Clock>, ids: Arc<SequentialIds>) -> Store {
    Store::open("town", &StoreOptions::at(url), &[], clock, ids).await.unwrap()
}

/// One process.
pub(crate) struct Program {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) scheduler: Scheduler,
    pub(crate) store: Store,
}

impl Program {
    /// Looks, and tells when it would look again.
    pub(crate) async fn look(&mut self) -> Option<Time> {
        self.scheduler.look().await.unwrap()
    }

    /// Looks, and is killed at the nth point where it waits. True when it came to its end before.
    pub(crate) async fn look_until_killed(&mut self, at: usize) -> bool {
        let mut left = at;
        let mut looking = pin!(self.scheduler.look());
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(false);
            }
            left -= 1;
            match looking.poll_unpin(context) {
                Poll::Ready(_) => Poll::Ready(true),
                Poll::Pending if left == 0 => Poll::Ready(false),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, by: TimeDelta) {
        self.clock.advance(by.to_std().unwrap());
    }

    /// Lets time pass until the clock shows this.
    pub(crate) fn pass_until(&self, shows: &str) {
        self.pass(time(shows) - self.clock.now());
    }
}
