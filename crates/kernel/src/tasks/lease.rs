//! A task in somebody's hands.

use crate::{Claimed, Lane, Time};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// The right to do one task, until it is ended or taken away. A commit made with it in its `Caller` goes through only
/// while the lease is held; a commit made with a lease that `ends` ends the task in the same transaction.
#[derive(Debug)]
pub struct Lease {
    /// The module in whose database the task is. Commits to another one ignore the lease.
    pub module: &'static str,
    /// The task.
    pub task: Uuid,
    /// Its kind.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// The process that holds it.
    pub holder: Uuid,
    /// The fencing token: every claim of a task has a higher one.
    pub token: i32,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// When this attempt began.
    pub started_at: Time,
    /// With whom it takes turns.
    pub lane: Option<Lane>,
    /// The unique key to let go when the task has ended.
    pub release: Option<String>,
    /// The result to keep when the lease `ends` with the commit.
    pub result: Value,
    /// Whether the commit that carries it ends the task.
    pub ends: bool,
    settled: AtomicBool,
}

impl Lease {
    /// The lease on a task just claimed. It does not end with a commit.
    pub fn on(module: &'static str, holder: Uuid, task: &Claimed) -> Self {
        Self {
            module,
            task: task.id,
            kind: task.kind.clone(),
            queue: task.queue.clone(),
            holder,
            token: task.token,
            attempt: task.attempt,
            started_at: task.started_at,
            lane: task.lane.clone(),
            release: task.release.clone(),
            result: Value::Null,
            ends: false,
            settled: AtomicBool::new(false),
        }
    }

    /// The same lease, ending the task with `result` in the transaction of the next commit that carries it.
    #[must_use]
    pub fn ending(&self, result: Value) -> Self {
        Self {
            module: self.module,
            task: self.task,
            kind: self.kind.clone(),
            queue: self.queue.clone(),
            holder: self.holder,
            token: self.token,
            attempt: self.attempt,
            started_at: self.started_at,
            lane: self.lane.clone(),
            release: self.release.clone(),
            result,
            ends: true,
            settled: AtomicBool::new(false),
        }
    }

    /// Says that the task's end is committed. Only a store calls this.
    pub fn settle(&self) {
        self.settled.store(true, Ordering::Release);
    }

    /// Whether the task's end is committed.
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }
}
