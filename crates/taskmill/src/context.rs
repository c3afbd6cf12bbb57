//! What a handler is given besides its payload.

use crate::tasks::shaped;
use kernel::{Actor, Caller, Claimed, Fault, Lease, Progress, TaskQueue, reasons};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// One attempt at one task.
pub struct TaskContext {
    task: Claimed,
    lease: Arc<Lease>,
    ending: Mutex<Option<Arc<Lease>>>,
    queue: Arc<dyn TaskQueue>,
    holder: Uuid,
    stop: CancellationToken,
}

impl TaskContext {
    pub(crate) fn new(
        module: &'static str,
        holder: Uuid,
        task: Claimed,
        queue: Arc<dyn TaskQueue>,
        stop: CancellationToken,
    ) -> Self {
        let lease = Arc::new(Lease::on(module, holder, &task));
        Self { task, lease, ending: Mutex::new(None), queue, holder, stop }
    }

    /// The task as it was claimed.
    pub fn task(&self) -> &Claimed {
        &self.task
    }

    /// The task, once nobody works on it any more.
    pub(crate) fn into_task(self) -> Claimed {
        self.task
    }

    /// The task's own service in the task's community, with the trace and the request it goes back to. Commits made with
    /// it go through only while this process holds the task.
    pub fn caller(&self) -> Caller {
        let origin = &self.task.origin;
        let mut caller = Caller::new(Actor::service(self.task.tenant, &self.task.kind), origin.request_id.clone());
        caller.trace = telemetry::current_traceparent().or_else(|| origin.trace.clone());
        caller.on_behalf_of = Some(origin.actor.principal.to_string());
        caller.lease = Some(Arc::clone(&self.lease));
        caller
    }

    /// The same caller, but the commit made with it ends the task, in its own transaction, with `result` to keep. It is
    /// for one commit, the last one, which is refused as `Invalid` when the result has more than 1 MiB of JSON.
    pub fn ending(&self, result: Value) -> Caller {
        let lease = Arc::new(self.lease.ending(result));
        *self.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&lease));
        Caller { lease: Some(lease), ..self.caller() }
    }

    /// Whether a commit has ended the task.
    pub(crate) fn has_ended(&self) -> bool {
        let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        ending.as_ref().is_some_and(|lease| lease.is_settled())
    }

    /// Cancelled when somebody wants the task to stop, or the process drains. A handler that can stop half-way leaves a
    /// checkpoint and returns; one that does not listen is cut off after a while.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// What an earlier attempt left with [`Self::checkpoint`].
    ///
    /// # Errors
    /// `Invalid` when it has another shape.
    pub fn left<T: DeserializeOwned>(&self) -> Result<Option<T>, Fault> {
        let read = |left| shaped(left).map_err(|error| Fault::invalid("checkpoint", error));
        self.task.checkpoint.as_ref().map(read).transpose()
    }

    /// Tells how far the task has come, and leaves what a later attempt needs to go on from here.
    ///
    /// # Errors
    /// `task.lease_lost` when the task was given to somebody else; `Unavailable`.
    pub async fn checkpoint(&self, percent: Option<u8>, note: &str, left: &impl Serialize) -> Result<(), Fault> {
        let checkpoint = serde_json::to_value(left).map_err(Fault::internal)?;
        let checkpoint = (!checkpoint.is_null()).then_some(checkpoint);
        let progress = Progress { percent, note: note.to_owned(), checkpoint };
        if self.queue.progress(self.holder, &self.task, &progress).await? {
            return Ok(());
        }
        Err(reasons::LEASE_LOST.fault())
    }
}
