//! The queue port on the tables of a module's database.

use super::at_once::{claim_at_once, done_at_once, is_plain};
use super::claim::{Wanted, claim, next_due};
use super::place::Looks;
use super::rows::{Column, Rows};
use super::{enqueue, holders, micros, settle};
use crate::sql::{statement, storable};
use crate::{ChangeError, Store};
use kernel::{
    Beat, Claim, Claimed, Ending, Enqueued, Fault, NewTask, Progress, QueueLimits, QueueSettings, Settlement,
    TaskOrigin, TaskQueue, Time, reasons,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use uuid::Uuid;

const PROGRESS: &[Column] = &[
    Column::Id("task_id"),
    Column::Small("percent"),
    Column::Text("note"),
    Column::Text("checkpoint"),
    Column::Big("updated_us"),
];

/// How often the victim of a deadlock tries again.
const TRIES: u32 = 8;

/// Runs the work in a transaction of its own; again when the database chose it as the victim of a deadlock, which is as
/// if it had never begun. A function could not promise that the future it makes of the work can change threads.
macro_rules! in_transaction {
    ($store:expr, $tx:ident => $work:expr) => {{
        let mut tries = 0;
        loop {
            let done = $store.in_transaction(async |$tx| $work.map_err(|e| ChangeError::from(e).or_stale())).await;
            tries += 1;
            match done {
                Err(fault) if fault.is(&reasons::STALE) && tries < TRIES => {}
                done => break done,
            }
        }
    }};
}

/// A module's tasks in its own database: what is enqueued or ended here can be so in the transaction of a commit.
#[derive(Clone)]
pub struct SqlTaskQueue {
    store: Store,
    looks: Arc<std::sync::Mutex<HashMap<String, Arc<Looks>>>>,
    changes: Arc<Mutex<watch::Receiver<u64>>>,
    thorough: bool,
}

impl SqlTaskQueue {
    /// The queue in this store.
    pub fn of(store: &Store) -> Self {
        let changes = Arc::new(Mutex::new(store.enqueuings()));
        Self { store: store.clone(), looks: Arc::default(), changes, thorough: false }
    }

    /// The same queue, each of whose looks begins with the oldest task, whatever it costs. A worker's looks do so for as
    /// long as that is quick, and every four seconds: what goes back to its old place while the machine is busy may be found
    /// that much later. Suites do not wait.
    pub fn thorough(self) -> Self {
        Self { thorough: true, ..self }
    }

    fn looks(&self, queue: &str) -> Arc<Looks> {
        let mut all = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(queue.to_owned()).or_insert_with(|| Arc::new(Looks::new(self.thorough))))
    }

    /// Claims the short way, where the next claim is to go it and nothing speaks against it.
    async fn claim_shortly(&self, wanted: &Wanted<'_>, looks: &Looks) -> Result<Option<Claim>, Fault> {
        let Some(under_way) = looks.begin_short_way(self.store.backend()) else { return Ok(None) };
        let look = &under_way.look;
        let (claim, came) = in_transaction!(self.store, tx => claim_at_once(tx, wanted, look).await)?;
        under_way.arrive(came);
        if claim.is_some() {
            self.store.set_limited(wanted.queue, false);
        }
        Ok(claim)
    }

    /// One look without a transaction, which is all an idle queue costs. None when something is due, or it was not idle.
    async fn still_nothing(&self, wanted: &Wanted<'_>, looks: &Looks) -> Result<Option<Claim>, Fault> {
        let Some((after, whole)) = looks.place().peeks(self.store.backend()) else { return Ok(None) };
        let began = Instant::now();
        let due = self.store.read(next_due(self.store.primary(), wanted.queue, after)).await?;
        Ok(looks.place().peeked(due, wanted.now, whole, began.elapsed()))
    }
}

#[async_trait::async_trait]
impl TaskQueue for SqlTaskQueue {
    async fn enqueue(&self, origin: &TaskOrigin, tasks: Vec<NewTask>) -> Result<Vec<Enqueued>, Fault> {
        let (now, ids) = (self.store.clock().now(), Arc::clone(self.store.ids()));
        let done = in_transaction!(self.store, tx => enqueue(tx, origin, &tasks, || ids.next(), now).await)?;
        self.store.enqueued();
        Ok(done)
    }

    async fn join(&self, holder: Uuid, name: &str, queues: &[&str]) -> Result<(), Fault> {
        let now = self.store.clock().now();
        in_transaction!(self.store, tx => holders::join(tx, holder, name, queues, now).await)
    }

    async fn beat(&self, holder: Uuid) -> Result<Beat, Fault> {
        let now = self.store.clock().now();
        in_transaction!(self.store, tx => holders::beat(tx, holder, now).await)
    }

    async fn leave(&self, holder: Uuid) -> Result<u64, Fault> {
        let now = self.store.clock().now();
        let returned = in_transaction!(self.store, tx => holders::leave(tx, holder, now).await)?;
        if returned > 0 {
            self.store.enqueued();
        }
        Ok(returned)
    }

    async fn rescue(&self, holder: Uuid, beats: i64) -> Result<u64, Fault> {
        let now = self.store.clock().now();
        let lost = in_transaction!(self.store, tx => holders::rescue(tx, holder, beats, now).await)?;
        if lost > 0 {
            self.store.enqueued();
        }
        Ok(lost)
    }

    async fn queues(&self) -> Result<Vec<QueueSettings>, Fault> {
        let list = "SELECT name, paused, per_process, at_most, rate, rate_period_us FROM task_queues ORDER BY name";
        let rows =
            self.store.read(self.store.primary().query_all_raw(statement(self.store.backend(), list, []))).await?;
        rows.iter().map(|row| settings(row).map_err(Fault::internal)).collect()
    }

    async fn claim(&self, holder: Uuid, queue: &str, want: usize) -> Result<Claim, Fault> {
        if want == 0 {
            return Ok(Claim::default());
        }
        let looks = self.looks(queue);
        let wanted = Wanted { holder, queue, want, now: self.store.clock().now() };
        // The short way takes no turns: a claim skips what another one is taking.
        if let Some(claim) = self.claim_shortly(&wanted, &looks).await? {
            return Ok(claim);
        }
        let _turn = looks.turn.lock().await;
        if let Some(claim) = self.still_nothing(&wanted, &looks).await? {
            return Ok(claim);
        }
        let under_way = looks.begin_whole_way(self.store.backend());
        let (look, learned) = (&under_way.look, looks.place().learned.clone());
        let (claimed, came) = in_transaction!(self.store, tx => claim(tx, &wanted, look, learned.clone()).await)?;
        under_way.arrive(came);
        self.store.set_limited(queue, looks.place().learned.limited);
        // A holder that is not known gets nothing; its next beat tells it so.
        Ok(claimed.unwrap_or_default())
    }

    async fn keep_only(&self, holder: Uuid, known: &[(Uuid, i32)]) -> Result<u64, Fault> {
        let now = self.store.clock().now();
        let returned = in_transaction!(self.store, tx => holders::keep_only(tx, holder, known, now).await)?;
        if returned > 0 {
            self.store.enqueued();
        }
        Ok(returned)
    }

    async fn settle(&self, holder: Uuid, ends: &[Settlement]) -> Result<Vec<bool>, Fault> {
        if ends.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.store.clock().now();
        let (plain, other): (Vec<_>, Vec<_>) = ends.iter().partition(|end| is_plain(self.store.backend(), end));
        let mut held = HashSet::new();
        if !other.is_empty() {
            held = in_transaction!(self.store, tx => settle::settle(tx, holder, &other, now).await)?;
        }
        let mut kinds: BTreeMap<&str, Vec<&Settlement>> = BTreeMap::new();
        plain.into_iter().for_each(|end| kinds.entry(end.task.kind.as_str()).or_default().push(end));
        for ends in kinds.values() {
            held.extend(in_transaction!(self.store, tx => done_at_once(tx, holder, ends, now).await)?);
        }
        let others_turn = |end: &Settlement| {
            self.store.makes_room(&end.task.queue, end.task.lane.is_some())
                || matches!(end.ending, Ending::Returned | Ending::Untouched)
        };
        if ends.iter().any(others_turn) {
            self.store.enqueued();
        }
        Ok(ends.iter().map(|end| held.contains(&(end.task.id, end.task.token))).collect())
    }

    async fn progress(&self, holder: Uuid, task: &Claimed, progress: &Progress) -> Result<bool, Fault> {
        let now = self.store.clock().now();
        in_transaction!(self.store, tx => write_progress(tx, holder, task, progress, now).await)
    }

    async fn changed(&self, patience: Duration) {
        let mut changes = self.changes.lock().await;
        // Whether something came or patience ended makes no difference: the caller looks.
        let _came = tokio::time::timeout(patience, changes.changed()).await;
    }
}

async fn write_progress(
    tx: &DatabaseTransaction,
    holder: Uuid,
    task: &Claimed,
    progress: &Progress,
    now: Time,
) -> Result<bool, DbErr> {
    let backend = tx.get_database_backend();
    if !settle::is_held(tx, task.id, holder, task.token).await? {
        return Ok(false);
    }
    let forget = "DELETE FROM task_progress WHERE task_id = $1";
    tx.execute_raw(statement(backend, forget, [task.id.into()])).await?;
    let mut rows = Rows::into_table("task_progress", PROGRESS);
    rows.push(vec![
        task.id.into(),
        progress.percent.map_or(-1_i16, |percent| i16::from(percent.min(100))).into(),
        storable(&progress.note.chars().take(400).collect::<String>()).into(),
        progress.checkpoint.as_ref().map_or_else(String::new, ToString::to_string).into(),
        micros(now).into(),
    ]);
    rows.insert(tx).await?;
    Ok(true)
}

/// A queue's row as operators have set it.
pub(super) fn settings(row: &sea_orm::QueryResult) -> Result<QueueSettings, DbErr> {
    let count = |column: &str| row.try_get::<i32>("", column).map(|n| u32::try_from(n).ok().filter(|n| *n > 0));
    let period = Duration::from_micros(u64::try_from(row.try_get::<i64>("", "rate_period_us")?).unwrap_or(0));
    Ok(QueueSettings {
        name: row.try_get("", "name")?,
        paused: row.try_get::<i16>("", "paused")? != 0,
        limits: QueueLimits {
            per_process: count("per_process")?,
            at_most: count("at_most")?,
            rate: count("rate")?.map(|rate| (rate, period)),
        },
    })
}
