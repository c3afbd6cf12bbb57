//! A task about to be committed, and what it asks of its queue.

use crate::{Actor, Fault, TenantId, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// Which tasks of a queue go first. Within one priority the earlier due goes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Somebody waits and looks at the screen.
    Urgent,
    /// Soon.
    High,
    /// What most tasks are.
    #[default]
    Normal,
    /// When nothing else is to be done.
    Low,
}

impl Priority {
    /// Every priority, the first to go first.
    pub const ALL: [Self; 4] = [Self::Urgent, Self::High, Self::Normal, Self::Low];

    /// Its name in answers and filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// Its place among all: 0 goes first.
    pub const fn rank(self) -> i16 {
        match self {
            Self::Urgent => 0,
            Self::High => 1,
            Self::Normal => 2,
            Self::Low => 3,
        }
    }

    /// The priority of that rank; whatever is beyond is `Low`.
    pub const fn of_rank(rank: i16) -> Self {
        match rank {
            i16::MIN..=0 => Self::Urgent,
            1 => Self::High,
            2 => Self::Normal,
            _ => Self::Low,
        }
    }
}

/// When a task may start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Start {
    /// As soon as somebody is free.
    #[default]
    Now,
    /// Not before this much time has passed since it was enqueued.
    After(Duration),
    /// Not before this instant.
    At(Time),
}

/// For how long a unique task keeps others of its kind and key away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// Until it starts: a task enqueued while one like it runs is another task.
    UntilStarted,
    /// Until it has ended, in whatever way.
    UntilEnded,
    /// For this long after it was enqueued, whether or not it has ended.
    For(Duration),
}

/// What becomes of a second task with the same kind and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Second {
    /// The second is not enqueued; the first stays as it is.
    Dropped,
    /// The second takes the first one's place, with its own payload and its own start; with a delay this debounces.
    /// A first one that has started already stays, and the second is dropped.
    Replaces,
}

/// That there be only one task of a kind with this key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// What it is about, such as a thread's id. At most 160 bytes.
    pub key: String,
    /// For how long.
    pub held: Held,
    /// What becomes of another.
    pub second: Second,
}

/// Tasks of a queue that share a lane run at most so many at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// What they share, such as an account's id. At most 160 bytes.
    pub key: String,
    /// How many of them may run at the same time.
    pub at_most: u16,
    /// Whether they run in the order they were enqueued in: one that failed is tried again before the next one starts.
    /// Only with `at_most` 1.
    pub in_order: bool,
}

impl Lane {
    /// A first-in, first-out group: one at a time, in order, a failure holds up those behind it.
    pub fn in_order(key: impl Into<String>) -> Self {
        Self { key: key.into(), at_most: 1, in_order: true }
    }

    /// At most `at_most` at a time, in no particular order. With 0 the task is refused when it is enqueued.
    pub fn at_most(key: impl Into<String>, at_most: u16) -> Self {
        Self { key: key.into(), at_most, in_order: false }
    }
}

/// A task about to be committed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Its stable name, such as `forum.sweep_drafts`.
    pub kind: &'static str,
    /// The version of its payload's shape, from 1.
    pub version: i32,
    /// What to do, in its JSON form.
    pub payload: Value,
    /// Which of the module's queues.
    pub queue: &'static str,
    /// Before or after others.
    pub priority: Priority,
    /// When.
    pub start: Start,
    /// After this long nobody needs it any more: it ends as expired instead of starting.
    pub expires_after: Option<Duration>,
    /// That it be the only one.
    pub unique: Option<Unique>,
    /// With whom it takes turns.
    pub lane: Option<Lane>,
    /// Why the payload has no JSON form, when it has none. Such a task is refused when it is enqueued.
    pub unwritable: Option<String>,
}

impl NewTask {
    /// A task to be done now, with normal priority, in the queue `default`.
    pub fn new(kind: &'static str, version: i32, payload: Value) -> Self {
        Self {
            kind,
            version,
            payload,
            queue: "default",
            priority: Priority::Normal,
            start: Start::Now,
            expires_after: None,
            unique: None,
            lane: None,
            unwritable: None,
        }
    }

    /// A task that could not be written down, to be refused by whatever enqueues it.
    pub fn unwritable(kind: &'static str, version: i32, why: impl Into<String>) -> Self {
        Self { unwritable: Some(why.into()), ..Self::new(kind, version, Value::Null) }
    }

    /// Refuses a payload that has no JSON form. Whatever enqueues tasks asks this first.
    ///
    /// # Errors
    /// `Internal`: a program cannot write what it enqueues.
    pub fn writable(&self) -> Result<(), Fault> {
        match &self.unwritable {
            Some(why) => Err(Fault::internal(format!("the payload of {} cannot be written: {why}", self.kind))),
            None => Ok(()),
        }
    }

    /// The same task in another queue.
    #[must_use]
    pub fn on(mut self, queue: &'static str) -> Self {
        self.queue = queue;
        self
    }

    /// The same task with another priority.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The same task, not before `delay` has passed.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.start = Start::After(delay);
        self
    }

    /// The same task, not before `time`.
    #[must_use]
    pub fn at(mut self, time: Time) -> Self {
        self.start = Start::At(time);
        self
    }

    /// The same task, given up when it has not started after `period`.
    #[must_use]
    pub fn expiring_after(mut self, period: Duration) -> Self {
        self.expires_after = Some(period);
        self
    }

    /// The same task, the only one of its kind with this key.
    #[must_use]
    pub fn unique(mut self, key: impl Into<String>, held: Held, second: Second) -> Self {
        self.unique = Some(Unique { key: key.into(), held, second });
        self
    }

    /// The same task, taking turns with others of the lane.
    #[must_use]
    pub fn in_lane(mut self, lane: Lane) -> Self {
        self.lane = Some(lane);
        self
    }
}

/// Where a task comes from: it travels with the task, and whatever the task does is traced back to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskOrigin {
    /// Whoever asked for it.
    pub actor: Actor,
    /// The operation that enqueued it, such as `forum.post_reply`; a schedule's or saga's name otherwise.
    pub operation: String,
    /// The request it was enqueued in.
    pub request_id: String,
    /// The W3C `traceparent` it was enqueued under.
    pub trace: Option<String>,
    /// The task or saga that caused it, if one did.
    pub caused_by: Option<Uuid>,
}

impl TaskOrigin {
    /// Something that Polity does by itself, such as a schedule.
    pub fn service(tenant: TenantId, name: &str) -> Self {
        Self {
            actor: Actor::service(tenant, name),
            operation: name.to_owned(),
            request_id: name.to_owned(),
            trace: None,
            caused_by: None,
        }
    }

    /// The community it is done for.
    pub fn tenant(&self) -> TenantId {
        self.actor.tenant
    }
}
