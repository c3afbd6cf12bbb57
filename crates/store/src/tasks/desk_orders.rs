//! What operators order of tasks and queues, each in one audited commit.
//!
//! The queue's row is locked before rows of tasks, and only where a lane moves on or a queue is set: giving dead letters
//! another life is like enqueueing, which takes no such lock.

use super::desk_redrive::{Redriven, redrive, redrive_all};
use super::for_update;
use super::settle::end_waiting;
use crate::sql::{insert_ignoring_duplicates, statement};
use crate::{Change, ChangeError, Changed, Store};
use kernel::{Fault, FaultCode, Permit, QueueLimits, Reason, Revision, TaskFilter, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// There is no such task, or not any more.
pub const NO_SUCH_TASK: Reason =
    Reason::new(FaultCode::NotFound, "task.no_such_task", "There is no such task, or not any more.");
/// There is no such queue.
pub const NO_SUCH_QUEUE: Reason = Reason::new(FaultCode::NotFound, "task.no_such_queue", "There is no such queue.");
/// Only a dead letter can be given another life.
pub const NOT_DEAD: Reason =
    Reason::new(FaultCode::Conflict, "task.not_dead", "The task is no dead letter: it waits, runs, or has ended.");
/// Another task has taken the unique key of the dead letter.
pub const KEY_TAKEN: Reason =
    Reason::new(FaultCode::Conflict, "task.key_taken", "Another task with the same unique key is there already.");
/// What has ended cannot be stopped.
pub const HAS_ENDED: Reason = Reason::new(FaultCode::Conflict, "task.has_ended", "The task has ended already.");

/// How often a task is looked for that moves between waiting and running.
const LOOKS: usize = 5;

/// An order about tasks or queues.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "order", content = "of", rename_all = "snake_case")]
pub enum TaskOrder {
    /// Give one dead letter another life.
    Redrive(Uuid),
    /// Give the dead letters the filter matches another life, except those whose unique key is taken: up to 100,000 of
    /// them, and fewer when that would take too long.
    RedriveAll(TaskFilter),
    /// Stop a task: one that waits at once, one that runs as soon as it listens.
    Cancel(Uuid),
    /// Start nothing in this queue any more.
    Pause(String),
    /// Go on starting.
    Resume(String),
    /// Set how much of a queue may run.
    Limit(String, QueueLimits),
}

impl TaskOrder {
    /// Whether carrying it out may let something start.
    fn starts(&self) -> bool {
        !matches!(self, Self::Pause(_))
    }
}

impl Store {
    /// Carries out an order. How many tasks or queues it touched: one, except when it is about all of some sort.
    ///
    /// # Errors
    /// [`NO_SUCH_TASK`], [`NO_SUCH_QUEUE`], [`NOT_DEAD`], [`KEY_TAKEN`] or [`HAS_ENDED`]; `Invalid` for limits that are none; what [`Store::commit`] fails with. `Stale` when two
    /// orders were in each other's way: then the same order may be given again.
    pub async fn order_tasks(&self, permit: Permit, order: TaskOrder) -> Result<u64, Fault> {
        let (starts, touched) = (order.starts(), Arc::new(AtomicU64::new(1)));
        // Half of the time is for the rest of the commit: what takes longer than somebody waits is rolled back whole.
        let left = |deadline: Time| (deadline - self.clock().now()).to_std().unwrap_or_default();
        let patience = permit.caller().deadline.map_or(self.shared.patience, left).min(self.shared.patience);
        let change = Ordered {
            order,
            id: self.ids().next(),
            now: self.clock().now(),
            until: Instant::now() + patience / 2,
            touched: Arc::clone(&touched),
        };
        self.commit(permit, change, Vec::new(), 1_u64).await?;
        if starts {
            self.enqueued();
        }
        Ok(touched.load(Ordering::Acquire))
    }
}

/// An order on its way into the tables.
struct Ordered {
    order: TaskOrder,
    id: Uuid,
    now: Time,
    until: Instant,
    touched: Arc<AtomicU64>,
}

#[async_trait::async_trait]
impl Change for Ordered {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        match &self.order {
            TaskOrder::Redrive(task) => {
                let token = redrive_one(tx, *task, self.now).await?;
                Ok(vec![self.about_task(*task, token)?])
            }
            TaskOrder::RedriveAll(filter) => {
                let touched = redrive_all(tx, filter, self.now, self.until).await?;
                self.touched.store(touched, Ordering::Release);
                Ok(vec![self.about_queue()?])
            }
            TaskOrder::Cancel(task) => match cancel(tx, *task, self.now).await? {
                Some(token) => Ok(vec![self.about_task(*task, token)?]),
                None => Ok(Vec::new()),
            },
            TaskOrder::Pause(queue) => self.set(tx, queue, "paused = $2", vec![1_i16.into()]).await,
            TaskOrder::Resume(queue) => self.set(tx, queue, "paused = $2", vec![0_i16.into()]).await,
            TaskOrder::Limit(queue, limits) => {
                // What an earlier rate still held back would hold back the new one.
                let limit = "per_process = $2, at_most = $3, rate = $4, rate_period_us = $5, period_end_us = 0";
                self.set(tx, queue, limit, columns(limits)?).await
            }
        }
    }
}

impl Ordered {
    /// What the record says of an order about one task. Its tokens only ever rise, so they count its orders as well.
    fn about_task(&self, task: Uuid, token: i32) -> Result<Revision, Fault> {
        let state = serde_json::to_value(&self.order).map_err(Fault::internal)?;
        Ok(Revision { kind: "task_order", id: task, version: token.into(), state: Some(state) })
    }

    /// What the record says of an order about more than one task.
    fn about_queue(&self) -> Result<Revision, Fault> {
        let state = serde_json::to_value(&self.order).map_err(Fault::internal)?;
        Ok(Revision { kind: "queue_order", id: self.id, version: 1, state: Some(state) })
    }

    async fn set(
        &self,
        tx: &DatabaseTransaction,
        queue: &str,
        assignments: &str,
        values: Vec<Value>,
    ) -> Result<Changed, ChangeError> {
        let backend = tx.get_database_backend();
        make_known(tx, queue).await?;
        let update = format!("UPDATE task_queues SET {assignments} WHERE name = $1");
        let values = std::iter::once(queue.into()).chain(values);
        tx.execute_raw(statement(backend, update, values)).await?;
        Ok(vec![self.about_queue()?])
    }
}

/// Locks the queue's row, and makes it first where tasks wait that no worker has looked after yet.
async fn make_known(tx: &DatabaseTransaction, queue: &str) -> Result<(), ChangeError> {
    let backend = tx.get_database_backend();
    let lock = format!("SELECT name FROM task_queues WHERE name = $1{}", for_update(backend));
    if tx.query_one_raw(statement(backend, lock, [queue.into()])).await?.is_some() {
        return Ok(());
    }
    let used = "SELECT 1 AS one FROM task_ready WHERE queue = $1 LIMIT 1";
    if tx.query_one_raw(statement(backend, used, [queue.into()])).await?.is_none() {
        return Err(NO_SUCH_QUEUE.fault().into());
    }
    let insert = "INSERT INTO task_queues (name, paused, per_process, at_most, rate, rate_period_us, period_end_us, \
                  period_started) \
                  VALUES ($1, 0, 0, 0, 0, 0, 0, 0)";
    let insert = insert_ignoring_duplicates(backend, insert, "name");
    tx.execute_raw(statement(backend, insert, [queue.into()])).await?;
    Ok(())
}

/// The limits as the row keeps them: 0 where there is none.
fn columns(limits: &QueueLimits) -> Result<Vec<Value>, Fault> {
    let wrong = || Fault::invalid("limits", "are each at least 1, at most 2,147,483,647, over at least a microsecond");
    let number = |limit: Option<u32>| match limit {
        None => Ok(0),
        Some(0) => Err(wrong()),
        Some(n) => i32::try_from(n).map_err(|_| wrong()),
    };
    let period_us = |period: Duration| i64::try_from(period.as_micros()).ok().filter(|us| *us > 0).ok_or_else(wrong);
    Ok(vec![
        number(limits.per_process)?.into(),
        number(limits.at_most)?.into(),
        number(limits.rate.map(|(rate, _)| rate))?.into(),
        limits.rate.map_or(Ok(0), |(_, period)| period_us(period))?.into(),
    ])
}

/// Gives one dead letter another life. The token its order is known by.
async fn redrive_one(tx: &DatabaseTransaction, task: Uuid, now: Time) -> Result<i32, ChangeError> {
    let Redriven { again, refused } = redrive(tx, &[task], now).await?;
    match again.first() {
        Some((_, token)) => Ok(*token),
        None if refused > 0 => Err(KEY_TAKEN.fault().into()),
        None => Err(standing_against(tx, task, &NOT_DEAD).await?.into()),
    }
}

/// Stops a task. The token the order is known by, or none when it was asked to stop before.
async fn cancel(tx: &DatabaseTransaction, task: Uuid, now: Time) -> Result<Option<i32>, ChangeError> {
    let backend = tx.get_database_backend();
    for _ in 0..LOOKS {
        if end_waiting(tx, task, "cancelled", now).await? {
            let last = "SELECT MAX(token) AS token FROM task_runs WHERE task_id = $1";
            let row = tx.query_one_raw(statement(backend, last, [task.into()])).await?;
            return Ok(row.map(|row| token(&row)).transpose()?);
        }
        let find = format!("SELECT token, cancel FROM task_running WHERE task_id = $1{}", for_update(backend));
        if let Some(row) = tx.query_one_raw(statement(backend, find, [task.into()])).await? {
            if row.try_get::<i16>("", "cancel")? != 0 {
                return Ok(None);
            }
            let ask = "UPDATE task_running SET cancel = 1 WHERE task_id = $1";
            tx.execute_raw(statement(backend, ask, [task.into()])).await?;
            return Ok(Some(token(&row)?));
        }
        // It may have gone back to its queue between the two looks.
        let waits = statement(backend, "SELECT 1 AS one FROM task_ready WHERE task_id = $1", [task.into()]);
        if tx.query_one_raw(waits).await?.is_none() {
            break;
        }
    }
    Err(standing_against(tx, task, &HAS_ENDED).await?.into())
}

fn token(row: &QueryResult) -> Result<i32, DbErr> {
    row.try_get("", "token")
}

/// Why nothing could be done about the task.
async fn standing_against(tx: &DatabaseTransaction, task: Uuid, why: &Reason) -> Result<Fault, DbErr> {
    let find = statement(tx.get_database_backend(), "SELECT 1 AS one FROM tasks WHERE id = $1", [task.into()]);
    let known = tx.query_one_raw(find).await?.is_some();
    Ok(if known { why.fault() } else { NO_SUCH_TASK.fault() })
}
