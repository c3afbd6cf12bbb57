//! The one visible list of a module's tasks, and of the schedules that enqueue them.

use crate::{Ran, Schedule, Task, TaskContext, Terms};
use futures::future::BoxFuture;
use kernel::{Claimed, Fault};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Does one attempt.
type Run<M> = Box<dyn for<'a> Fn(&'a M, &'a TaskContext) -> BoxFuture<'a, Result<Ran, Failed>> + Send + Sync>;

/// Why an attempt came to nothing.
pub(crate) enum Failed {
    /// It failed.
    Attempt(Fault),
    /// It was none: this program cannot read the task, and another one may.
    Unread(Fault),
}

/// A kind of task with its type forgotten.
pub(crate) struct Kind<M> {
    pub(crate) name: &'static str,
    pub(crate) terms: Terms,
    pub(crate) run: Run<M>,
    pub(crate) retry_after: fn(i32, Uuid, &Fault) -> Option<Duration>,
}

/// The terms of each kind, for whoever shows tasks.
pub type TermsOf = BTreeMap<&'static str, Terms>;

/// A module's tasks: what a worker can do.
pub struct Tasks<M> {
    module: Arc<M>,
    kinds: BTreeMap<&'static str, Kind<M>>,
    queues: BTreeSet<&'static str>,
    schedules: Vec<Schedule>,
}

impl<M: Send + Sync + 'static> Tasks<M> {
    /// No tasks yet, to be done with these ports.
    pub fn of(module: Arc<M>) -> Self {
        Self { module, kinds: BTreeMap::new(), queues: BTreeSet::from(["default"]), schedules: Vec::new() }
    }

    /// The same list with one more kind.
    ///
    /// # Panics
    /// When there is one of that name already: the program does not start with a list in which one of two would be lost.
    #[must_use]
    pub fn task<T: Task<Module = M>>(mut self) -> Self {
        let run: Run<M> = Box::new(|module, context| {
            Box::pin(async move {
                let task: T = read(context.task())?;
                task.run(module, context).await.map_err(Failed::Attempt)
            })
        });
        let kind = Kind { name: T::KIND, terms: T::terms(), run, retry_after: T::retry_after };
        self.queues.insert(kind.terms.queue);
        let before = self.kinds.insert(T::KIND, kind);
        assert!(before.is_none(), "{} is listed twice", T::KIND);
        self
    }

    /// The terms of each kind.
    pub fn terms(&self) -> TermsOf {
        self.kinds.values().map(|kind| (kind.name, kind.terms.clone())).collect()
    }

    /// The same list, doing the tasks of one more queue: one that no kind names, and that tasks are put on one by one.
    #[must_use]
    pub fn queue(mut self, queue: &'static str) -> Self {
        self.queues.insert(queue);
        self
    }

    /// The same list with a schedule for one of its kinds.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        debug_assert!(self.kinds.contains_key(schedule.kind()), "{} is not listed", schedule.kind());
        self.schedules.push(schedule);
        self
    }

    /// Every schedule, in the order they were listed.
    pub fn schedules(&self) -> &[Schedule] {
        &self.schedules
    }

    /// Every queue a worker looks after.
    pub fn queues(&self) -> Vec<&'static str> {
        self.queues.iter().copied().collect()
    }

    pub(crate) fn kind(&self, name: &str) -> Option<&Kind<M>> {
        self.kinds.get(name)
    }

    pub(crate) fn module(&self) -> &M {
        &self.module
    }
}

/// The task in today's shape.
fn read<T: Task>(claimed: &Claimed) -> Result<T, Failed> {
    let version = claimed.version;
    if version > T::VERSION {
        let text = format!("{version} of {} is newer than this program", T::KIND);
        return Err(Failed::Unread(Fault::invalid("version", text)));
    }
    let task = if version == T::VERSION {
        shaped(&claimed.payload)
    } else {
        shaped(&T::upcast(version, claimed.payload.clone()).map_err(Failed::Unread)?)
    };
    let whole =
        |error: String| Fault::invalid("payload", format!("of {} version {version} cannot be read: {error}", T::KIND));
    task.map_err(|error| Failed::Attempt(whole(error)))
}

/// The value in the shape of `T`. What is wrong with it otherwise: where, in its JSON form, and not what stands there,
/// which may be a secret.
pub(crate) fn shaped<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    let whereabouts = |error: serde_json::Error| {
        format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column()).to_lowercase()
    };
    T::deserialize(value).or_else(|_| serde_json::from_str(&value.to_string())).map_err(whereabouts)
}
