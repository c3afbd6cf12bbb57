//! What a queue must be able to do to be measured.

use crate::tally::Tally;
use anyhow::Result;
use std::future::Future;
use std::sync::Arc;

/// What is enqueued: a number, and whether the whole contract is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// The handler gives it to [`Tally::handle`].
    pub number: u32,
    /// With a unique key ([`Task::key`]), with retries, and with the result kept.
    pub full: bool,
}

impl Task {
    /// The unique key of a task under the full contract.
    pub fn key(&self) -> Option<String> {
        self.full.then(|| format!("key-{}", self.number))
    }
}

/// A queue under measurement: a connected handle, cheap to clone.
pub trait Queue: Clone + Send + Sync + 'static {
    /// A worker at work.
    type Running: Running;

    /// The name in the table.
    fn library(&self) -> &'static str;

    /// Its version.
    fn version(&self) -> String;

    /// What of the full contract it cannot do, in words; empty when it can do everything.
    fn lacks(&self) -> &'static str;

    /// Enqueues one task; it is committed when this returns.
    fn enqueue(&self, task: Task) -> impl Future<Output = Result<()>> + Send;

    /// Enqueues many in the best way the queue has; they are committed when this returns.
    fn enqueue_batch(&self, tasks: Vec<Task>) -> impl Future<Output = Result<()>> + Send;

    /// Starts a worker that runs as many handlers at once as asked and gives each task to `tally`.
    fn start(&self, workers: usize, tally: Arc<Tally>) -> impl Future<Output = Result<Self::Running>> + Send;

    /// Whether the database still holds a task that is not finished.
    fn unfinished(&self) -> impl Future<Output = Result<bool>> + Send;
}

/// A worker at work.
pub trait Running: Send {
    /// Stops it gracefully.
    fn stop(self) -> impl Future<Output = Result<()>> + Send;
}
