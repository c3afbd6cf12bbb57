//! What a task is.

use crate::{Retry, TaskContext};
use kernel::{Fault, NewTask, Priority};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// The terms on which tasks of a kind are done.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Which of the module's queues.
    pub queue: &'static str,
    /// Before or after others.
    pub priority: Priority,
    /// Attempts before a task becomes a dead letter.
    pub max_attempts: i32,
    /// The pauses between attempts.
    pub retry: Retry,
    /// How long one attempt may take; it then counts as failed. It is what ends a handler that hangs: a process that
    /// lives keeps what it holds.
    pub time_limit: Duration,
    /// For how long result and history are kept after the end.
    pub keep: Duration,
    /// Fields of the payload that operators do not get to see.
    pub secrets: &'static [&'static str],
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            queue: "default",
            priority: Priority::Normal,
            max_attempts: 20,
            retry: Retry::default(),
            time_limit: Duration::from_mins(5),
            keep: Duration::from_hours(24),
            secrets: &[],
        }
    }
}

/// How a task's attempt went, when it did not fail.
#[derive(Debug, Clone)]
pub enum Ran {
    /// Done, with a result to keep; null when there is none. With more than 1 MiB of JSON it is a dead letter instead.
    Done(Value),
    /// Not now; this was no attempt.
    Snooze(Duration),
    /// It will never succeed: a dead letter at once.
    GiveUp(Fault),
}

impl Ran {
    /// Done, with nothing to tell.
    pub const DONE: Self = Self::Done(Value::Null);

    /// Done, with a result to keep.
    ///
    /// # Errors
    /// `Internal` when the result has no JSON form.
    pub fn with(result: &impl Serialize) -> Result<Self, Fault> {
        serde_json::to_value(result).map(Self::Done).map_err(Fault::internal)
    }
}

/// Work that outlives the request that asked for it. The value is what is to be done; it must make sense to whatever
/// version of the program finds it later.
///
/// An attempt may be made more than once: by the time a process is found dead, it may have done the work and not have
/// said so. What a handler commits with [`TaskContext::ending`] is done exactly once, because the task's end is in the
/// same transaction; whatever it does elsewhere must not mind being done again.
#[async_trait::async_trait]
pub trait Task: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The module's ports.
    type Module: Send + Sync + 'static;
    /// Its stable name, such as `forum.sweep_drafts`. It is also the name of the service it acts as, for policies.
    const KIND: &'static str;
    /// The version of the payload's shape. Raise it when older payloads can no longer be read as they are.
    const VERSION: i32 = 1;

    /// The terms on which it is done.
    fn terms() -> Terms {
        Terms::default()
    }

    /// Brings a payload of an older version into today's shape.
    ///
    /// # Errors
    /// `Invalid` when it cannot; the task then waits for a program that can, and this was no attempt.
    fn upcast(version: i32, payload: Value) -> Result<Value, Fault> {
        let _unknown = payload;
        Err(Fault::invalid("version", format!("{version} of {} is not known here", Self::KIND)))
    }

    /// When to try again after this failure. None is never.
    fn retry_after(attempt: i32, task: uuid::Uuid, fault: &Fault) -> Option<Duration> {
        let _any = fault;
        Some(Self::terms().retry.pause(task, attempt))
    }

    /// Does it.
    ///
    /// # Errors
    /// Any fault: it is tried again on the terms, and becomes a dead letter after the last attempt.
    async fn run(&self, module: &Self::Module, context: &TaskContext) -> Result<Ran, Fault>;

    /// The task as a commit takes it, on its terms. One that has no JSON form fails the commit.
    fn task(&self) -> NewTask {
        let terms = Self::terms();
        let task = match serde_json::to_value(self) {
            Ok(payload) => NewTask::new(Self::KIND, Self::VERSION, payload),
            Err(error) => NewTask::unwritable(Self::KIND, Self::VERSION, error.to_string()),
        };
        task.on(terms.queue).with_priority(terms.priority)
    }
}
