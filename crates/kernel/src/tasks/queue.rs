//! The queue port: what a worker needs of whatever keeps tasks.

use crate::{Fault, Lane, NewTask, Priority, TaskOrigin, TenantId, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// What became of one task that was to be enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It is in the queue.
    New(Uuid),
    /// One like it was there already; this is that one.
    Kept(Uuid),
    /// It is in the queue, in the place of `old`.
    Replaced {
        /// The task now in the queue.
        new: Uuid,
        /// The task it took the place of.
        old: Uuid,
    },
}

impl Enqueued {
    /// The task that is in the queue now.
    pub fn id(self) -> Uuid {
        match self {
            Self::New(id) | Self::Kept(id) | Self::Replaced { new: id, .. } => id,
        }
    }
}

/// A task somebody has just claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The task.
    pub id: Uuid,
    /// Its stable name.
    pub kind: String,
    /// The version of its payload's shape.
    pub version: i32,
    /// What to do.
    pub payload: Value,
    /// Its queue.
    pub queue: String,
    /// Its priority.
    pub priority: Priority,
    /// The community it is done for.
    pub tenant: TenantId,
    /// Where it comes from.
    pub origin: TaskOrigin,
    /// When it was enqueued.
    pub enqueued_at: Time,
    /// When it was due.
    pub due_at: Time,
    /// When it was claimed.
    pub started_at: Time,
    /// The fencing token of this claim.
    pub token: i32,
    /// Which attempt this is, from 1. A snooze is no attempt.
    pub attempt: i32,
    /// With whom it takes turns.
    pub lane: Option<Lane>,
    /// The unique key it lets go when it has ended.
    pub release: Option<String>,
    /// What an earlier attempt left for this one.
    pub checkpoint: Option<Value>,
}

/// What one claim brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claim {
    /// The tasks, the first to go first.
    pub tasks: Vec<Claimed>,
    /// When the next task falls due, if none was left that could start now.
    pub next_due: Option<Time>,
    /// Whether asking again at once may bring more.
    pub more: bool,
    /// How many tasks of this queue a process may run at a time, as operators have set it.
    pub per_process: Option<u32>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// Done, with a result to keep.
    Done {
        /// The result; null when there is none.
        result: Value,
    },
    /// Failed, and to be tried again.
    Retry {
        /// Not before.
        at: Time,
        /// The error with its causes.
        error: String,
    },
    /// Not now; this was no attempt.
    Snoozed {
        /// Not before.
        until: Time,
    },
    /// Failed for the last time: a dead letter.
    Dead {
        /// The error with its causes.
        error: String,
    },
    /// Somebody asked for it to stop, and it did.
    Cancelled,
    /// The process drains while the task runs: it goes back, and this was no attempt.
    Returned,
    /// Nobody began with it: it goes back, and nothing is told of it.
    Untouched,
}

/// The end of one attempt, to be written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The task as it was claimed.
    pub task: Claimed,
    /// How it ended.
    pub ending: Ending,
}

/// How far a task has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// From 0 to 100, when that can be said.
    pub percent: Option<u8>,
    /// A few words for people.
    pub note: String,
    /// What a later attempt needs to go on from here.
    pub checkpoint: Option<Value>,
}

/// What a heartbeat tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beat {
    /// Whether the holder is still known. When not, its tasks have been taken away, and it must join anew.
    pub alive: bool,
    /// The tasks of this holder that somebody asked to stop.
    pub cancelled: Vec<Uuid>,
    /// The other holders, each with its count of beats. One whose count stands still for the length of a lease, as the
    /// observer's own clock measures it, is gone.
    pub others: Vec<(Uuid, i64)>,
}

/// How much of a queue may run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueLimits {
    /// At most so many at a time in each process; the worker's own setting when absent.
    pub per_process: Option<u32>,
    /// At most so many at a time in all processes together.
    pub at_most: Option<u32>,
    /// At most so many started in each period.
    pub rate: Option<(u32, Duration)>,
}

/// A queue as operators have set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// Its name.
    pub name: String,
    /// Whether nothing is started.
    pub paused: bool,
    /// How much of it may run.
    pub limits: QueueLimits,
}

/// Keeps tasks and hands them out. Every engine passes the same suite (`testkit::suites::task_queue`).
///
/// Promises: a task is in the hands of at most one holder at a time; a holder that beats keeps what it holds however
/// long it takes; after `rescue` or `leave` a late `settle` of the old holder is refused; tasks of a queue start by
/// priority, then by due time; lanes and limits hold over all processes; a tenant's flood does not keep others waiting
/// behind it. Every method fails with `Unavailable` when the engine does not answer; nothing is lost then.
#[async_trait::async_trait]
pub trait TaskQueue: Send + Sync {
    /// Enqueues tasks that nobody has to decide on. What became of each, in their order.
    ///
    /// # Errors
    /// `Invalid` when a key is too long; `Unavailable`.
    async fn enqueue(&self, origin: &TaskOrigin, tasks: Vec<NewTask>) -> Result<Vec<Enqueued>, Fault>;

    /// Makes a holder known, under a name for people such as `host:pid`. `queues` are made if they are not there yet.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn join(&self, holder: Uuid, name: &str, queues: &[&str]) -> Result<(), Fault>;

    /// Says that the holder lives.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn beat(&self, holder: Uuid) -> Result<Beat, Fault>;

    /// Takes leave: whatever the holder still holds goes back to its queue at once. How many tasks that were.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn leave(&self, holder: Uuid) -> Result<u64, Fault>;

    /// Takes away everything from a holder whose count of beats still is `beats`; each of its tasks goes back to its
    /// queue as one lost attempt. Of several who try, one succeeds. How many tasks that were.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn rescue(&self, holder: Uuid, beats: i64) -> Result<u64, Fault>;

    /// The queues as operators have set them.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn queues(&self) -> Result<Vec<QueueSettings>, Fault>;

    /// Claims up to `want` tasks that may start now, and no more than the queue lets one process hold. A holder that is
    /// not known gets none.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn claim(&self, holder: Uuid, queue: &str, want: usize) -> Result<Claim, Fault>;

    /// Gives back whatever the holder holds besides these claims, each a task and its token. A holder calls it after a
    /// claim of which it does not know whether it came to pass; one that is under way is waited for. How many tasks went
    /// back.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn keep_only(&self, holder: Uuid, known: &[(Uuid, i32)]) -> Result<u64, Fault>;

    /// Writes down how attempts ended. For each whether it was still held; what was not, was not written.
    ///
    /// # Errors
    /// `Unavailable`; some may have been written then, and are not held any more when tried again.
    async fn settle(&self, holder: Uuid, ends: &[Settlement]) -> Result<Vec<bool>, Fault>;

    /// Writes down how far a task has come. False when it is not held any more.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn progress(&self, holder: Uuid, task: &Claimed, progress: &Progress) -> Result<bool, Fault>;

    /// Returns when something may have been enqueued since the last call, at the latest after `patience`.
    async fn changed(&self, patience: Duration);
}
