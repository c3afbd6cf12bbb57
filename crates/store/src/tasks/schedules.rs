//! Where schedules stand. A row's mark is the tick up to which everything is dealt with; it moves in the transaction
//! that enqueues the tick's task, only from where its mover saw it, and never back. That is what makes each tick fire
//! once, whatever the number of schedulers, whatever their clocks say, and wherever one of them dies.
//!
//! What may not enter: cron. When the ticks are is for whoever declares the schedule to say.

use super::keys::KEYS;
use super::rows::{Rows, among_texts};
use super::{FOREVER_US, enqueue, instant, micros};
use crate::sql::{insert_ignoring_duplicates, statement};
use crate::{Change, ChangeError, Changed, Store};
use kernel::{Fault, FaultCode, NewTask, Reason, ScheduleState, TaskOrigin, TenantId, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// There is no schedule of that name, or no program declares it any more.
pub const NO_SCHEDULE: Reason = Reason::new(FaultCode::NotFound, "schedule.unknown", "There is no such schedule.");
/// The same request has fired the schedule before.
pub const FIRED_BEFORE: Reason =
    Reason::new(FaultCode::Conflict, "schedule.fired_before", "This request has fired the schedule before.");

/// For how long a schedule that no program declares any more is remembered: with its pause, should it come back.
const REMEMBERED: Duration = Duration::from_hours(30 * 24);
/// For how long a request is known to have fired a schedule.
const REQUEST_KNOWN: Duration = Duration::from_hours(24);

/// A schedule as a program declares it.
#[derive(Debug, Clone)]
pub struct DeclaredSchedule<'a> {
    /// Its stable name, at most 70 bytes.
    pub name: &'a str,
    /// The kind of task it enqueues.
    pub kind: &'a str,
    /// When, as a cron expression of at most 400 bytes.
    pub cron: &'a str,
    /// In which time zone.
    pub zone: &'a str,
    /// The first tick after now.
    pub next: Option<Time>,
}

/// A schedule as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptSchedule {
    /// As people see it. One that is neither paused nor has a next tick is gone: no program declares it any more.
    pub state: ScheduleState,
    /// The tick up to which everything is dealt with.
    pub mark: Time,
    /// Whether no program declares it any more.
    pub gone: bool,
}

/// The move of one schedule's mark.
#[derive(Debug, Clone)]
pub struct Firing<'a> {
    /// The schedule's name.
    pub name: &'a str,
    /// Its expression, as the mover knows it.
    pub cron: &'a str,
    /// Its time zone, as the mover knows it.
    pub zone: &'a str,
    /// The mark, as the mover saw it.
    pub from: Time,
    /// The tick.
    pub tick: Time,
    /// The tick after that, for people to see.
    pub next: Option<Time>,
    /// What to do; nothing when the tick is left out.
    pub task: Option<NewTask>,
}

impl Store {
    /// Makes a schedule known. A new one begins now; so does one whose expression or time zone is another than before.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn declare_schedule(&self, declared: &DeclaredSchedule<'_>) -> Result<(), Fault> {
        let now = self.clock().now();
        self.in_transaction(async |tx| Ok(declare(tx, declared, now).await?)).await
    }

    /// Says that this program knows no other schedules: they are gone until somebody declares or fires them. They are
    /// remembered for 30 days, with mark and pause. How many are newly gone.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn retire_schedules_except(&self, declared: &[&str]) -> Result<u64, Fault> {
        let now = self.clock().now();
        let declared: Vec<String> = declared.iter().map(|name| (*name).to_owned()).collect();
        self.in_transaction(async |tx| Ok(retire(tx, &declared, now).await?)).await
    }

    /// Every schedule, by name.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn schedules(&self) -> Result<Vec<KeptSchedule>, Fault> {
        let list = "SELECT name, kind, cron, zone, paused, mark_us, fired_us, next_us, gone_us \
                    FROM task_schedules ORDER BY name";
        let rows = self.read(self.primary().query_all_raw(statement(self.backend(), list, []))).await?;
        rows.iter().map(kept).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// Moves a schedule's mark to a tick and enqueues the tick's task, both or neither. False when the mark is not where
    /// the mover saw it, the schedule is paused, or somebody has declared it with another expression since.
    ///
    /// # Errors
    /// `Invalid` when the task is refused; `Unavailable` when the database does not answer.
    pub async fn fire_schedule(&self, firing: Firing<'_>) -> Result<bool, Fault> {
        let (now, ids) = (self.clock().now(), Arc::clone(self.ids()));
        let Firing { name, task, .. } = firing.clone();
        let enqueues = task.is_some();
        let fired = self
            .in_transaction(async |tx| {
                if !advance(tx, &firing).await? {
                    return Ok(false);
                }
                let origin = TaskOrigin::service(TenantId::FIRST, name);
                enqueue(tx, &origin, &Vec::from_iter(task), || ids.next(), now).await?;
                Ok(true)
            })
            .await?;
        if fired && enqueues {
            self.enqueued();
        }
        Ok(fired)
    }

    /// Changes when something was committed in this process or, where the engine tells, in another one.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.shared.wake.committed.subscribe()
    }
}

async fn declare(tx: &DatabaseTransaction, declared: &DeclaredSchedule<'_>, now: Time) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let next_us = declared.next.map_or(FOREVER_US, micros);
    let values: [Value; 6] = [
        declared.name.into(),
        declared.kind.into(),
        declared.cron.into(),
        declared.zone.into(),
        micros(now).into(),
        next_us.into(),
    ];
    let insert = "INSERT INTO task_schedules (name, kind, cron, zone, paused, mark_us, fired_us, next_us, gone_us) \
                  VALUES ($1, $2, $3, $4, 0, $5, 0, $6, 0)";
    let insert = insert_ignoring_duplicates(backend, insert, "name");
    tx.execute_raw(statement(backend, insert, values.clone())).await?;
    // Where the mark is ahead already, a clock that runs ahead has fired those ticks.
    let change = "UPDATE task_schedules SET kind = $2, cron = $3, zone = $4, gone_us = 0, next_us = $6, \
                  mark_us = CASE WHEN mark_us > $5 THEN mark_us ELSE $5 END \
                  WHERE name = $1 AND (cron <> $3 OR zone <> $4)";
    tx.execute_raw(statement(backend, change, values)).await?;
    let same = "UPDATE task_schedules SET kind = $2, gone_us = 0, next_us = $3 \
                WHERE name = $1 AND (kind <> $2 OR gone_us <> 0)";
    let values = [declared.name.into(), declared.kind.into(), next_us.into()];
    tx.execute_raw(statement(backend, same, values)).await.map(drop)
}

async fn retire(tx: &DatabaseTransaction, declared: &[String], now: Time) -> Result<u64, DbErr> {
    let backend = tx.get_database_backend();
    let mut values = vec![micros(now).into()];
    let among = among_texts(backend, "name", declared, &mut values);
    let update = format!("UPDATE task_schedules SET gone_us = $1 WHERE gone_us = 0 AND NOT ({among})");
    let gone = tx.execute_raw(statement(backend, update, values)).await?.rows_affected();
    let forget = "DELETE FROM task_schedules WHERE gone_us > 0 AND gone_us < $1";
    tx.execute_raw(statement(backend, forget, [micros(now - REMEMBERED).into()])).await?;
    Ok(gone)
}

async fn advance(tx: &DatabaseTransaction, firing: &Firing<'_>) -> Result<bool, DbErr> {
    let backend = tx.get_database_backend();
    let update = "UPDATE task_schedules SET mark_us = $5, next_us = $6, gone_us = 0, \
                  fired_us = CASE WHEN $7 = 1 THEN $5 ELSE fired_us END \
                  WHERE name = $1 AND cron = $2 AND zone = $3 AND mark_us = $4 AND paused = 0";
    let values: [Value; 7] = [
        firing.name.into(),
        firing.cron.into(),
        firing.zone.into(),
        micros(firing.from).into(),
        micros(firing.tick).into(),
        firing.next.map_or(FOREVER_US, micros).into(),
        i32::from(firing.task.is_some()).into(),
    ];
    let moved = tx.execute_raw(statement(backend, update, values)).await?.rows_affected();
    Ok(moved == 1)
}

fn kept(row: &QueryResult) -> Result<KeptSchedule, DbErr> {
    let when = |column: &str| row.try_get::<i64>("", column);
    let paused = row.try_get::<i16>("", "paused")? != 0;
    let (fired_us, next_us, gone) = (when("fired_us")?, when("next_us")?, when("gone_us")? > 0);
    let state = ScheduleState {
        name: row.try_get("", "name")?,
        kind: row.try_get("", "kind")?,
        cron: row.try_get("", "cron")?,
        zone: row.try_get("", "zone")?,
        paused,
        last_tick: (fired_us > 0).then(|| instant(fired_us)),
        next_tick: (!paused && !gone && next_us < FOREVER_US).then(|| instant(next_us)),
    };
    Ok(KeptSchedule { state, mark: instant(when("mark_us")?), gone })
}

/// Stops a schedule from firing, or lets it fire again. What becomes of the ticks it missed meanwhile is for its own
/// catch-up policy to say.
#[derive(Debug, Clone)]
pub struct PauseSchedule {
    /// Its name.
    pub name: String,
    /// Whether it is to be paused.
    pub paused: bool,
}

#[async_trait::async_trait]
impl Change for PauseSchedule {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let update = "UPDATE task_schedules SET paused = $2 WHERE name = $1";
        let values = [self.name.as_str().into(), i16::from(self.paused).into()];
        let found = tx.execute_raw(statement(tx.get_database_backend(), update, values)).await?.rows_affected();
        if found == 0 { Err(NO_SCHEDULE.fault().into()) } else { Ok(Vec::new()) }
    }
}

/// That a schedule is fired now, besides its ticks: goes with the task it fires, and makes sure that one request fires
/// once. Ticks and their mark are as before.
#[derive(Debug, Clone)]
pub struct FireNow {
    name: String,
    request: String,
    mark: Uuid,
    now: Time,
}

impl FireNow {
    /// Of this schedule, asked for by the request of this id, of at most 160 bytes.
    pub fn new(store: &Store, name: &str, request: &str) -> Self {
        Self { name: name.to_owned(), request: request.to_owned(), mark: store.ids().next(), now: store.clock().now() }
    }
}

#[async_trait::async_trait]
impl Change for FireNow {
    /// # Errors
    /// [`NO_SCHEDULE`] when nobody declares it; [`FIRED_BEFORE`] when the same request did this before.
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let backend = tx.get_database_backend();
        let find = "SELECT 1 AS one FROM task_schedules WHERE name = $1 AND gone_us = 0";
        if tx.query_one_raw(statement(backend, find, [self.name.as_str().into()])).await?.is_none() {
            return Err(NO_SCHEDULE.fault().into());
        }
        let kind = format!("fire_now:{}", self.name);
        let key: [Value; 2] = [kind.into(), self.request.as_str().into()];
        let until_us = micros(self.now + REQUEST_KNOWN);
        let mut rows = Rows::into_table("task_keys", KEYS);
        rows.push(key.iter().cloned().chain([self.mark.into(), until_us.into()]).collect());
        rows.insert_what_is_free(tx).await?;
        let find = "SELECT task_id FROM task_keys WHERE kind = $1 AND task_key = $2";
        let whose = tx.query_one_raw(statement(backend, find, key)).await?;
        let whose: Option<Uuid> = whose.map(|row| row.try_get("", "task_id")).transpose()?;
        if whose == Some(self.mark) { Ok(Vec::new()) } else { Err(FIRED_BEFORE.fault().into()) }
    }
}
